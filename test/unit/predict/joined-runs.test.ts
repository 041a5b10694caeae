import { describe, expect, it } from "vitest";
import {
  type Asked,
  answered,
  beginJoining as begin,
  inShort,
  type JoiningStage,
  settled,
  together,
} from "../../support/joining-stage.ts";
import { putVersion } from "../../support/publish.ts";

const page = ({ core }: JoiningStage) => core.deps.statistics.page("sums", "1");

describe("rows of concurrent requests", () => {
  it("are one run, of which each has its own row", async () => {
    const stage = await begin();
    expect(await together(stage, [1, 2], [3, 4], [5, 6])).toEqual(["3", "7", "11"]);
    expect(stage.engine.runs).toEqual([1, 3]);
  });

  it("own their data", async () => {
    const stage = await begin();
    const asked = [stage.ask([1, 2]), stage.ask([3, 4])];
    await settled();
    for (const one of asked) {
      const answer = await answered(one);
      if (typeof answer !== "object" || !answer.ok) throw new Error("it has no answer");
      const [sum] = answer.value.outputs;
      expect(sum?.shape).toEqual([1]);
      expect(sum?.datatype === "FP32" && sum.data.buffer.byteLength).toBe(4);
    }
  });

  it("are counted as Triton counts: one execution, an inference a row, a success a request", async () => {
    const stage = await begin();
    await together(stage, [1], [2], [3]);
    expect(page(stage)).toMatchObject({
      executionCount: 2,
      inferenceCount: 4,
      success: { count: 4 },
      computeInfer: { count: 4 },
      fail: { count: 0 },
    });
  });

  it("are told their own times: each has waited since it came", async () => {
    const stage = await begin();
    const first = stage.ask([1]);
    await stage.core.clock.advance(5);
    const second = stage.ask([2]);
    await stage.core.clock.advance(7);
    expect(await answered(first)).toMatchObject({ value: { acquireMs: 12, runMs: 0 } });
    await stage.core.clock.advance(9);
    // Its run was over 9 ms ago: the rest it waited for its own timer.
    expect(await answered(second)).toMatchObject({ value: { acquireMs: 7, runMs: 0 } });
    expect(page(stage).success.ns).toBe((12 + 16) * 1_000_000);
  });

  it("are as many in one run as the deployment says, and the rest is the next one's", async () => {
    const stage = await begin({}, { min_concurrency: 2, max_batch_size: 3 });
    expect(await together(stage, [1], [2], [3], [4], [5])).toEqual(["1", "2", "3", "4", "5"]);
    expect(stage.engine.runs).toEqual([1, 3, 2]);
  });

  it("are no more in one run than a mebibyte holds, and large ones run at once", async () => {
    const stage = await begin();
    const wide = (floats: number) => new Array<number>(floats).fill(1);
    const rows = [wide(100_000), wide(100_000), wide(100_000)];
    expect(await together(stage, ...rows)).toEqual(["100000", "100000", "100000"]);
    expect(stage.engine.runs).toEqual([1, 2, 1]);
    expect(stage.ask(wide(140_000)).fire()).toBe(false);
  });

  it("are run with those of their own width and outputs only", async () => {
    const stage = await begin();
    const asked = [
      stage.ask([1, 2]),
      stage.ask([1, 2, 3]),
      stage.ask([3, 4]),
      stage.ask([3, 4], { outputs: ["twice"] }),
      stage.ask([5, 6], { outputs: ["twice"] }),
    ];
    await settled();
    const answers: string[] = [];
    for (const one of asked) answers.push(inShort(await answered(one)));
    expect(answers).toEqual(["3", "6", "7", "14", "22"]);
    expect(stage.engine.runs).toEqual([1, 2, 1, 2]);
  });
});

describe("a request runs at once and alone", () => {
  const atOnce = async (stage: JoiningStage, ...asked: Parameters<JoiningStage["ask"]>) => {
    const one = stage.ask(...asked);
    await settled(one);
    return inShort(one.answer);
  };

  it("when its deployment says nothing of batching, or nothing any more", async () => {
    expect(await atOnce(await begin({}, {}), [1, 2])).toBe("3");
  });

  it("while fewer requests are being answered than the deployment says", async () => {
    const stage = await begin({}, { min_concurrency: 3 });
    expect(await atOnce(stage, [1, 2])).toBe("3");
    stage.core.deps.joining?.inFlight.enter(0);
    expect(await atOnce(stage, [1, 2])).toBe("undefined");
  });

  it("again once joining has found fewer than half of those it begins with", async () => {
    const stage = await begin({}, { min_concurrency: 4 });
    const { inFlight } = stage.core.deps.joining ?? {};
    const others = [inFlight?.enter(0), inFlight?.enter(0)];
    await together(stage, [1], [2]);
    for (const other of others) if (other !== undefined) inFlight?.leave(other);
    // Two of four are not more than half: these are joined still, and are the last ones.
    expect(await together(stage, [3], [4])).toEqual(["3", "4"]);
    expect(stage.engine.runs).toEqual([1, 2, 2]);
    expect(await atOnce(stage, [5])).toBe("5");
  });

  it("but not while joining goes on with more than half of those it begins with", async () => {
    const stage = await begin({}, { min_concurrency: 4 });
    const { inFlight } = stage.core.deps.joining ?? {};
    const others = [inFlight?.enter(0), inFlight?.enter(0)];
    await together(stage, [1], [2]);
    if (others[0] !== undefined) inFlight?.leave(others[0]);
    for (let round = 0; round < 3; round += 1) await together(stage, [3], [4]);
    expect(stage.engine.runs).toEqual([1, 2, 2, 2, 2]);
  });

  it("when it has several rows", async () => {
    expect(await atOnce(await begin(), [1, 2], { rows: 2 })).toBe("3,3");
  });

  it("when an output of the graph has a fixed number of rows", async () => {
    expect(await atOnce(await begin({ outputRows: 1 }), [1, 2])).toBe("3");
  });

  it("when nobody else has come by the time its timer fires", async () => {
    const stage = await begin();
    const one = stage.ask([1, 2]);
    expect(inShort(await answered(one))).toBe("3");
    expect(page(stage)).toMatchObject({ executionCount: 2, inferenceCount: 2 });
  });
});

describe("a joined run that fails", () => {
  it("fails nobody but the row that is refused by itself", async () => {
    const stage = await begin();
    expect(await together(stage, [1], [Number.NaN], [3])).toEqual(["1", "rejected_input", "3"]);
    expect(stage.engine.runs).toEqual([1, 3, 1, 1, 1]);
    expect(page(stage)).toMatchObject({ success: { count: 3 }, fail: { count: 1 } });
    // One bad row does not end it for the others to come.
    await together(stage, [1], [2]);
    expect(stage.engine.runs.at(-1)).toBe(2);
  });

  it("by a crash of the engine is told, and the others have their answers by a new one", async () => {
    const stage = await begin();
    const rows = [[1], [Number.POSITIVE_INFINITY], [3]];
    expect(await together(stage, ...rows)).toEqual(["1", "engine_crashed", "3"]);
    const crashes = stage.core.story().filter((line) => line === "engine crashed on sums@1");
    expect(crashes).toHaveLength(2);
    // Nobody is to crash it twice by one request again.
    await together(stage, ...rows);
    expect(stage.core.story().filter((line) => line.startsWith("engine crashed"))).toHaveLength(1);
  });

  it("for want of memory crowds no other model out", async () => {
    const stage = await begin({ mostRows: 1 });
    await putVersion(stage.core.bucket, "other", "1", Uint8Array.of(2));
    await stage.core.deps.loader.load(stage.core.context, "other", "1");
    expect(await together(stage, [1], [2])).toEqual(["1", "2"]);
    expect(stage.core.deps.models.size).toBe(2);
  });

  it("by throwing leaves each to its own run", async () => {
    const stage = await begin({ mostRows: 1, throws: true });
    expect(await together(stage, [1], [2])).toEqual(["1", "2"]);
  });

  it("to keep rows apart is the only one of its version", async () => {
    const stage = await begin({ totals: true });
    expect(await together(stage, [1], [2], [3])).toEqual(["1", "2", "3"]);
    expect(stage.engine.runs).toEqual([1, 3, 1, 1, 1]);
    expect(stage.ask([4]).fire()).toBe(false);
  });
});

describe("an engine that answers by a promise", () => {
  it("is joined once: whoever's timer fires meanwhile has run alone", async () => {
    const stage = await begin({ waits: true });
    const asked = [stage.ask([1]), stage.ask([2])];
    await settled();
    for (const one of asked) one.fire();
    await settled(...asked);
    expect(asked.map(({ answer }) => inShort(answer))).toEqual(["1", "2"]);
    expect(stage.engine.runs).toEqual([1, 2, 1]);
    expect(stage.ask([3]).fire()).toBe(false);
  });
});

describe("a row that waits", () => {
  it("does not hold the session: who finds it gone opens the version again", async () => {
    const stage = await begin();
    const asked = [stage.ask([1]), stage.ask([2])];
    await settled();
    stage.core.deps.models.unload("sums", "1", "evicted");
    const answers: string[] = [];
    for (const one of asked) answers.push(inShort(await answered(one)));
    expect(answers).toEqual(["1", "2"]);
    expect(stage.engine.opened).toBe(2);
  });

  it("of a client that is gone holds up nobody, and leaves with the next run", async () => {
    const stage = await begin({}, { min_concurrency: 2, max_batch_size: 2 });
    for (let gone = 0; gone < 3; gone += 1) stage.ask([gone]);
    await settled();
    expect(await together(stage, [7], [8])).toEqual(["7", "8"]);
    expect(stage.engine.runs).toEqual([1, 2, 2]);
  });

  it("is given up with the rest when clients that are gone have left too much", async () => {
    const stage = await begin();
    const gone = Array.from({ length: 9 }, () => stage.ask(new Array<number>(120_000).fill(1)));
    await settled();
    expect(inShort(await answered(gone[0] as Asked))).toBe("120000");
    // Given up, and so alone.
    expect(stage.engine.runs).toEqual([1, 1]);
  });

  it("of a kept prediction is run once for all who ask for the same, and kept", async () => {
    const stage = await begin({}, { min_concurrency: 2 }, { predictions: {} });
    const [first, second, other] = [stage.ask([1, 2]), stage.ask([1, 2]), stage.ask([3, 4])];
    await settled();
    expect(inShort(await answered(first))).toBe("3");
    await settled(second);
    // It followed the first one's flight: nothing of its own was put in.
    expect(inShort(second.answer)).toBe("3");
    expect(inShort(await answered(other))).toBe("7");
    const again = stage.ask([3, 4]);
    await settled(again);
    expect(inShort(again.answer)).toBe("7");
    expect(stage.engine.runs).toEqual([1, 2]);
  });
});
