import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callApi } from "../../support/call-api.ts";
import { DELETE, SET_ALIAS } from "../../support/registry-deeds.ts";
import {
  isRetryable,
  isSuccess,
  startWitnessedStack,
  type WitnessedStack,
} from "../../support/registry-witness.ts";
import { MAIN_WRITE_FAULTS, WRITE_FAULTS } from "../../support/write-faults.ts";

// One cell after another: of the rest those that tell most.
const ENTRY_FAULTS = WRITE_FAULTS.filter(
  (fault) => MAIN_WRITE_FAULTS.includes(fault) || /^(412|503) for ever|^pages/.test(fault.name),
);
const REMOVAL_FAULTS = MAIN_WRITE_FAULTS.filter(({ name }) => /^resets|times 503/.test(name));

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
    ["the head of the chain", SET_ALIAS, /^PUT audit\/head\.json$/, WRITE_FAULTS],
    ["an entry", SET_ALIAS, /^PUT audit\/\d{4}\//, ENTRY_FAULTS],
    ["the head, when a version is removed", DELETE, /^PUT audit\/head\.json$/, REMOVAL_FAULTS],
  ])("at %s", (place, deed, at, faults) => {
    it.each(faults)("$name: done and told, or refused and not done", async (fault) => {
      const attempt = await stacks.attempt(deed, () => at, fault);
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
