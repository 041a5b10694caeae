import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callApi } from "../../support/call-api.ts";
import { SET_ALIAS } from "../../support/registry-deeds.ts";
import {
  isRetryable,
  isSuccess,
  startWitnessedStack,
  type WitnessedStack,
} from "../../support/registry-witness.ts";
import { MAIN_WRITE_FAULTS, WRITE_FAULTS } from "../../support/write-faults.ts";

describe("invariant 8: what was acknowledged is in the audit, and what the audit cannot take is not done", () => {
  let stacks: WitnessedStack;

  beforeAll(async () => {
    stacks = await startWitnessedStack();
  });
  afterAll(() => stacks.stop());

  const audited = async (model: string) =>
    (await callApi(stacks.witness.url, "GET", `/v1/audit?model=${model}`)).body.items.length;
  const chain = async () => (await callApi(stacks.witness.url, "GET", "/v1/audit/verify")).body;

  // The chain is one for all models: one cell after another.
  describe.each([
    ["the head of the chain", /^PUT audit\/head\.json$/, WRITE_FAULTS],
    ["an entry", /^PUT audit\/\d{4}\//, MAIN_WRITE_FAULTS],
  ])("at %s", (place, at, faults) => {
    it.each(faults)("$name: done and told, or refused and not done", async (fault) => {
      const attempt = await stacks.attempt(SET_ALIAS, () => at, fault);
      const { first, isDone, model } = attempt;
      expect(attempt.hits).toBeGreaterThan(0);
      if (place !== "an entry") expect(isDone ? "done" : "refused").toBe(fault.decides);
      expect([isSuccess(first) || isRetryable(first), isDone]).toEqual([true, isSuccess(first)]);
      expect([isSuccess(attempt.repeat), attempt.isDoneThen, attempt.moves]).toEqual([
        true,
        true,
        1,
      ]);
      expect([...attempt.problems, ...attempt.problemsThen]).toEqual([]);
      // What was refused may be told as well, since it was attempted; what was done is told.
      expect(await audited(model)).toBeGreaterThanOrEqual(isDone ? 2 : 1);
      expect(await chain()).toMatchObject({ ok: true, problems: [] });
    });
  });
});
