import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { answer, type FaultServer, reset, startFaultServer } from "../support/fault-server.ts";
import { cliFor } from "./run-cli.ts";

const JSON_TYPE = { "content-type": "application/json" };
const moved = answer(
  200,
  JSON.stringify({ alias: "production", route: { weights: { "1": 100 } }, rev: 3 }),
  JSON_TYPE,
);
const refused = answer(503, JSON.stringify({ code: "store_unavailable", detail: "no" }), JSON_TYPE);

describe("a write whose answer was lost", () => {
  let server: FaultServer;
  let freshet: ReturnType<typeof cliFor>;
  beforeAll(async () => {
    server = await startFaultServer();
    freshet = cliFor(server.url);
  });
  afterAll(() => server.stop());

  const keys = () => server.seen.map(({ headers }) => headers["idempotency-key"]);

  it("is sent again under the same Idempotency-Key", async () => {
    server.plan(reset, reset, moved);
    expect(await freshet("rollback", "iris")).toMatchObject({ code: 0, err: "" });
    expect(new Set(keys()).size).toBe(1);
    expect(keys()).toEqual(Array(3).fill(expect.stringMatching(/^"[0-9a-f-]{36}"$/)));
    expect(new Set(server.seen.map(({ body }) => body.toString())).size).toBe(1);
  });

  it("has another key than the write before it, and reading has none", async () => {
    server.plan(moved);
    await freshet("promote", "iris");
    await freshet("promote", "iris");
    await freshet("alias", "list", "iris");
    expect(new Set(keys()).size).toBe(3);
    expect(keys().at(-1)).toBeUndefined();
  });

  it("is given up after four tries, with what happened", async () => {
    server.plan(reset);
    const { code, err } = await freshet("rollback", "iris");
    expect({ code, err }).toEqual({ code: 3, err: expect.stringMatching(/connection was cut/) });
    expect(server.seen).toHaveLength(4);
  });

  it("is not sent again when there was an answer", async () => {
    server.plan(refused, moved);
    expect((await freshet("rollback", "iris")).code).toBe(1);
    expect(server.seen).toHaveLength(1);
  });
});
