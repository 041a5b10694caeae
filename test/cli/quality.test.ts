import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Stack } from "../../infra/local/stack.ts";
import { createUpstashPredictionStore } from "../../src/adapters/upstash/prediction-store.ts";
import type { PredictionStore } from "../../src/core/ports/prediction-store.ts";
import { must } from "../support/must.ts";
import { aDraft, aRecord } from "../support/records.ts";
import { type RedisDoor, startRedisDoor } from "../support/redis-door.ts";
import { startTestStack } from "../support/stack.ts";
import { cliFor, jsonOf } from "./run-cli.ts";
import { writeTemporary } from "./write-fixture.ts";

const MODEL = "iris-logreg";

describe("outcomes, accuracy and statistics by command line", () => {
  let door: RedisDoor;
  let stack: Stack;
  let store: PredictionStore;
  let freshet: ReturnType<typeof cliFor>;
  beforeAll(async () => {
    door = await startRedisDoor();
    stack = await startTestStack(door.vars);
    freshet = cliFor(stack.url);
    store = createUpstashPredictionStore({
      url: door.vars.UPSTASH_REDIS_REST_URL ?? "",
      token: door.vars.UPSTASH_REDIS_REST_TOKEN ?? "",
      keyPrefix: "freshet:dev:",
    });
  });
  afterAll(async () => {
    await stack?.stop();
    await door?.stop();
  });

  const add = async (...ids: readonly string[]) => {
    const now = Date.now();
    const drafts = ids.map((id, index) => {
      const at = new Date(now - (index % 3) * 86_400_000 - index).toISOString();
      return aDraft(aRecord({ id, model: MODEL, at }));
    });
    must(await store.add(drafts, now, 10_000));
  };

  it("sets an outcome, shows it, and tells a conflict", async () => {
    await add("one");
    const set = await freshet("outcome", "set", "one", "b", "--at", "2026-11-28T11:00:00+01:00");
    expect(set).toMatchObject({
      code: 0,
      out: "one was b (2026-11-28 10:00:00), not as answered\n",
    });
    const shown = await freshet("prediction", "show", "one");
    expect(shown.out).toMatch(/^outcome +b \(2026-11-28 10:00:00\)$/m);
    expect(shown.out).toMatch(/^answer +a \(80\.0%\)$/m);
    const other = await freshet("outcome", "set", "one", "a");
    expect(other).toMatchObject({
      code: 1,
      err: expect.stringMatching(/another outcome.*replace/),
    });
    const replaced = await freshet("outcome", "set", "one", "a", "--replace");
    expect(replaced.out).toMatch(/, as answered$/m);
    expect((await freshet("outcome", "set", "none", "a")).code).toBe(1);
    expect((await freshet("prediction", "show", "none")).err).toMatch(/record\.rate/);
  });

  it("imports files of outcomes, and tells how right the model was", async () => {
    const ids = Array.from({ length: 1_200 }, (_, index) => `many-${index}`);
    for (let at = 0; at < ids.length; at += 100) await add(...ids.slice(at, at + 100));
    const lines = ids.map((id, index) => `${id},${index % 4 === 0 ? "b" : "a"}`);
    const csv = await writeTemporary("truths.csv", `prediction_id,value\n${lines.join("\n")}\n`);
    const imported = await freshet("outcome", "import", csv);
    expect(imported).toMatchObject({ code: 0, out: "1200 outcomes recorded, 900 as answered\n" });
    // Once more: the same, and nothing is counted twice.
    expect((await freshet("outcome", "import", csv)).code).toBe(0);

    const accuracy = await freshet("accuracy", MODEL);
    expect(accuracy.out).toMatch(/^VERSION +OUTCOMES +COVERAGE +ACCURACY/m);
    expect(accuracy.out).toMatch(/^1 +1201 +100\.0% +0\.7502/m);
    expect(accuracy.out).toMatch(/^accuracy by day {2}[▁-█]{3} /m);
    const told = await jsonOf(freshet("accuracy", MODEL, "--by", "route", "--json"));
    expect(told).toMatchObject({
      groups: [{ key: "production:1", n: 1201, metrics: { accuracy: 901 / 1201 } }],
    });
    const statistics = await freshet("statistics", MODEL, "--window", "30d");
    expect(statistics.out).toMatch(/^1 +1201 +0\.0% +100\.0% .* a=1201$/m);
  });

  it("ends with 1 when lines fail, the others kept", async () => {
    await add("kept");
    const file = await writeTemporary(
      "truths.ndjson",
      '{"prediction_id":"kept","value":"a"}\n{"prediction_id":"gone","value":"a"}\n{oops\n',
    );
    const imported = await freshet("outcome", "import", file);
    expect(imported.code).toBe(1);
    expect(imported.out).toMatch(/^1 outcome recorded, 1 as answered\n {2}line 2 \(gone\): /);
    expect(imported.err).toMatch(/2 of 3 outcomes failed/);
    expect((await freshet("prediction", "list", MODEL, "--settled")).out).toMatch(/^kept /m);
  });

  it("says what is wrong with the command line", async () => {
    expect((await freshet("outcome", "import", "/nowhere.csv")).code).toBe(2);
    expect((await freshet("outcome", "import", "truths.json")).code).toBe(2);
    expect((await freshet("prediction", "list", `${MODEL}@staging`)).code).toBe(2);
    expect((await freshet("prediction", "list", MODEL, "--open", "--settled")).code).toBe(2);
    expect((await freshet("accuracy", MODEL, "--window", "1h")).code).toBe(1);
  });
});
