import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Stack } from "../../infra/local/stack.ts";
import { callApi } from "../support/call-api.ts";
import { readResults } from "../support/fixture-rows.ts";
import { type RedisDoor, startRedisDoor } from "../support/redis-door.ts";
import { startTestStack, TEST_TOKEN } from "../support/stack.ts";

const MODEL = "/v1/models/iris-logreg";
const ROWS = 20_000;

describe("a stream of rows while Redis is silent", () => {
  let door: RedisDoor;
  let stack: Stack;
  beforeAll(async () => {
    door = await startRedisDoor();
    stack = await startTestStack(door.vars);
    const record = { record: { rate: 1 } };
    const put = await callApi(stack.url, "PUT", `${MODEL}/deployment`, record, { "if-match": "*" });
    expect(put.status).toBe(200);
  });
  afterAll(async () => {
    door?.thaw();
    await stack?.stop();
    await door?.stop();
  });

  it("tells of each row that has no record, in its own line", { timeout: 120_000 }, async () => {
    door.freeze();
    const rows = Array.from({ length: ROWS }, (_, at) => `[5.8, 2.7, 4.1, ${at / ROWS}]\n`);
    const answer = await fetch(`${stack.url}${MODEL}/predict`, {
      method: "POST",
      body: rows.join(""),
      headers: { "content-type": "application/x-ndjson", authorization: `Bearer ${TEST_TOKEN}` },
    });
    const results = readResults(await answer.text());
    const { body } = await callApi(stack.url, "GET", "/v1/cache/status");
    const { pending, lost } = body.records;
    expect(results.filter(({ ok }) => ok)).toHaveLength(ROWS);
    expect(lost).toBeGreaterThan(0);
    expect(pending + lost).toBe(ROWS);
    expect(results.filter(({ recorded }) => recorded === false)).toHaveLength(lost);
  });
});
