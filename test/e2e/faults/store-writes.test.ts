import { afterAll, beforeAll, describe, type ExpectStatic, it, vi } from "vitest";
import { askIris } from "../../support/iris.ts";
import { DEEDS, DELETE, type Deed, PUBLISH } from "../../support/registry-deeds.ts";
import {
  isRetryable,
  isSuccess,
  startWitnessedStack,
  type WitnessedStack,
} from "../../support/registry-witness.ts";
import { MAIN_WRITE_FAULTS, WRITE_FAULTS, type WriteFault } from "../../support/write-faults.ts";

// Every write is told in one audit: more at once would wait for each other there.
vi.setConfig({ maxConcurrency: 8 });

const put = (key: string) => (model: string) => new RegExp(`^PUT models/${model}/${key}$`);

/** The writes of a publish, in their order. */
const PLACES = [
  ["the bytes", put("versions/\\d+/model\\.onnx")],
  ["the claim of the digest", put("digests/.*")],
  ["the manifest", put("versions/\\d+/manifest\\.json")],
  ["the pointer", put("deployment\\.json")],
  ["the history", put("history/.*")],
] as const;

const PUBLISHES = PLACES.flatMap(([place, at]) =>
  WRITE_FAULTS.map((fault) => ({ ...fault, fault, place, at })),
);

const MOVES = DEEDS.flatMap((deed) =>
  MAIN_WRITE_FAULTS.map((fault) => ({ ...fault, fault, deed, what: deed.name })),
);

const REMOVALS = (
  [
    ["the manifest", (model) => new RegExp(`^DELETE models/${model}/versions/1/manifest`)],
    ["the bytes", (model) => new RegExp(`^DELETE models/${model}/versions/1/model`)],
    ["the tombstone", put("versions/1/tombstone\\.json")],
  ] as const satisfies readonly (readonly [string, (model: string) => RegExp])[]
).flatMap(([place, at]) => MAIN_WRITE_FAULTS.map((fault) => ({ ...fault, fault, place, at })));

describe.concurrent("invariant 8: what was acknowledged survives", () => {
  let stacks: WitnessedStack;

  beforeAll(async () => {
    stacks = await startWitnessedStack();
  });
  afterAll(() => stacks.stop());

  /** Holds for every cell. */
  async function holds(
    expect: ExpectStatic,
    deed: Deed,
    at: (model: string) => RegExp,
    fault: WriteFault,
  ) {
    const attempt = await stacks.attempt(deed, at, fault);
    const { first, repeat } = attempt;
    expect(attempt.hits).toBeGreaterThan(0);
    expect([first.status, first.body, isSuccess(first) || isRetryable(first)]).toEqual([
      first.status,
      first.body,
      true,
    ]);
    if (isSuccess(first)) expect(attempt.isDone).toBe(true);
    expect(attempt.problems).toEqual([]);
    expect([repeat.body, isSuccess(repeat)]).toEqual([repeat.body, true]);
    expect(attempt).toMatchObject({ isDoneThen: true, problemsThen: [], moves: deed.moves });
    return attempt;
  }

  const decided = (expect: ExpectStatic, { decides }: WriteFault, isDone: boolean) =>
    expect(isDone ? "done" : "refused").toBe(decides);

  describe("a publish", () => {
    it.for(PUBLISHES)("$name at $place", async ({ fault, place, at }, { expect }) => {
      const { first, model } = await holds(expect, PUBLISH, at, fault);
      if (place === "the pointer") decided(expect, fault, isSuccess(first));
      // To the other isolate the model is new: it serves the version that was published.
      const { isRight, version } = await askIris(stacks.witness.url, model);
      expect([isRight, Number(version) > 3]).toEqual([true, true]);
    });
  });

  describe("a change", () => {
    it.for(MOVES)("$what: $name at the write that decides", async ({ deed, fault }, { expect }) => {
      const at = (model: string) => new RegExp(`^PUT ${deed.decidedBy(model)}$`);
      const { first } = await holds(expect, deed, at, fault);
      decided(expect, fault, isSuccess(first));
    });
  });

  describe("the removal of a deleted version's", () => {
    it.for(REMOVALS)("$place: $name", async ({ fault, at }, { expect }) => {
      await holds(expect, DELETE, at, fault);
    });
  });
});
