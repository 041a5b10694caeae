import { describe, expect, it } from "vitest";
import { createConsoleEvents, type LogLevel } from "../../../src/adapters/console/events.ts";
import type { FreshetEvent } from "../../../src/core/ports/events.ts";

/** What is logged of an event: `debug [cached|fast|iris@3] …`, or nothing. */
function logged(event: FreshetEvent, level: LogLevel = "debug", form: "text" | "json" = "text") {
  const lines: string[] = [];
  const to = (word: string) => (line: string) => void lines.push(`${word} ${line}`);
  const sink = { debug: to("debug"), info: to("info"), warn: to("warn"), error: to("error") };
  createConsoleEvents({ level, form }, sink).emit(event);
  return lines.join("\n");
}

const INFERENCE = {
  kind: "inference",
  requestId: "r-1",
  model: "iris",
  version: "3",
  digest: "ab".repeat(32),
  strategy: "fast",
  route: "production:3",
  cache: "hit",
  tier: "isolate",
  ageMs: 40,
  modelCache: "unused",
  durationMs: 1,
} as const;

const PREMIUM = {
  kind: "premium",
  requestId: "r-1",
  model: "iris",
  version: "3",
  strategy: "chat",
  job: "j-1",
} as const;

const REFUSED = {
  kind: "inference_refused",
  requestId: "r-1",
  status: 503,
  code: "store_unavailable",
  detail: "GET deployment.json: the store answered 403",
  model: "iris",
  version: "3",
  route: "production:3",
  durationMs: 2,
} as const;

describe("events in a terminal", () => {
  it.each([
    ["hit", { ageMs: 40 }, "debug [cached|fast|iris@3] production:3, isolate, 40 ms old, 1 ms r-1"],
    [
      "stale",
      { ageMs: 40 },
      "debug [stale|fast|iris@3] production:3, isolate, 40 ms old, 1 ms r-1",
    ],
    ["miss", { modelCache: "hit" }, "debug [missed|fast|iris@3] production:3, model hit, 1 ms r-1"],
    [
      "bypass",
      { modelCache: "hit" },
      "debug [bypassed|fast|iris@3] production:3, model hit, 1 ms r-1",
    ],
    [
      "off",
      { modelCache: "miss" },
      "debug [uncached|fast|iris@3] production:3, model miss, 1 ms r-1",
    ],
  ] as const)("tell what the cache did: %s", (cache, more, line) => {
    const { ageMs: _kept, ...event } = INFERENCE;
    expect(logged({ ...event, cache, ...more })).toBe(line);
  });

  it("tell a refused prediction: for the operator where it is Freshet's trouble, else for who looks", () => {
    expect(logged(REFUSED)).toBe(
      "warn [503|store_unavailable|iris@3] production:3, 2 ms: GET deployment.json: the store answered 403 r-1",
    );
    const { version: _version, route: _route, ...unknown } = REFUSED;
    const missing = { status: 404, code: "model_not_found", detail: "there is no model 'iris'" };
    expect(logged({ ...unknown, ...missing })).toBe(
      "debug [404|model_not_found|iris] 2 ms: there is no model 'iris' r-1",
    );
    expect(logged({ ...REFUSED, cause: "reset" }, "warn")).toContain("r-1\nreset");
    expect(logged({ ...REFUSED, rows: 200 })).toContain("after 200 rows");
  });

  it("tell that a pointer is gone", () => {
    const gone = { kind: "deployment_gone", model: "iris", rev: 7, detail: "it is not there" };
    expect(logged(gone as FreshetEvent)).toBe(
      "warn gone     iris after revision 7: it is not there",
    );
  });

  it("tell the steps of a premium answer, trouble as a warning", () => {
    expect(logged({ ...PREMIUM, stage: "completed", durationMs: 80 })).toBe(
      "debug [completed|premium|iris@3] by chat, 80 ms j-1 r-1",
    );
    expect(
      logged({ ...PREMIUM, stage: "invalid", reason: "invalid_answer", detail: "no label" }),
    ).toBe("warn [invalid|premium|iris@3] by chat, invalid_answer: no label j-1 r-1");
  });
});

describe("events for a collector", () => {
  it("are one line of JSON with their level", () => {
    const line = logged(INFERENCE, "debug", "json");
    expect(JSON.parse(line.replace("debug ", ""))).toEqual({ level: "debug", ...INFERENCE });
  });

  it("hold a cause where there is one, as text", () => {
    const parsed = (event: FreshetEvent) =>
      JSON.parse(logged(event, "debug", "json").replace("warn ", ""));
    expect(parsed({ ...REFUSED, cause: "reset" })).toEqual({
      level: "warn",
      ...REFUSED,
      cause: "reset",
    });
    expect(parsed({ ...REFUSED, cause: undefined })).not.toHaveProperty("cause");
  });

  it("below the level that is asked for are left out", () => {
    expect(logged(INFERENCE, "info")).toBe("");
    expect(logged({ ...PREMIUM, stage: "dead" }, "warn")).toContain("[dead|premium|iris@3]");
  });
});
