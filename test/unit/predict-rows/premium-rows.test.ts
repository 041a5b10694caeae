import { describe, expect, it } from "vitest";
import type { CachedPrediction } from "../../../src/core/cache/cached-prediction.ts";
import { makeTensor } from "../../../src/core/model/tensor.ts";
import type { Premium } from "../../../src/core/predict/inference.ts";
import { openRows } from "../../../src/core/predict/rows/open-rows.ts";
import { predictRows } from "../../../src/core/predict/rows/predict-rows.ts";
import { rowsMetaOf } from "../../../src/http/predict/rows-response.ts";
import { createResultWriter } from "../../../src/http/predict/write-results.ts";
import { publishSums } from "../../support/ask-rows.ts";
import { putDeployment } from "../../support/publish.ts";
import { createTestCore } from "../../support/test-core.ts";

const ROWS = [
  { a: 1, b: 0 },
  { a: 2, b: 0 },
];

/** A core whose model has a premium strategy, with answers of it that are kept for some rows. */
async function start(isKept: (row: number) => boolean) {
  const core = createTestCore({ predictions: {} });
  await publishSums(core);
  const strategies = { premium: { kind: "model", reference: "big@3" } };
  await putDeployment(core.bucket, "sums", 1, { production: { "1": 100 } }, { strategies });
  let asked = 0;
  const premium: Premium = {
    kept() {
      asked += 1;
      return isKept(asked - 1) ? keptAnswer(100 * asked) : undefined;
    },
    answer: async (_story, _strategy, fast) => fast(),
  };
  const deps = { ...core.deps, premium };
  return async (model: "alias" | "version", cacheWish: "any" | "no-cache" = "any") => {
    asked = 0;
    const selector =
      model === "alias"
        ? ({ kind: "alias", alias: "production" } as const)
        : ({ kind: "version", version: "1" } as const);
    const request = {
      reference: { model: "sums", selector },
      stickiness: () => ({ random: () => 0 }),
      cacheWish,
      keeps: true,
    };
    const open = await openRows(deps, core.context, request);
    if (!open.ok) throw new Error(open.failure.detail);
    const reading = { first: 0, form: "rows", ignoresUnknown: false, isText: false } as const;
    const answer = await predictRows(deps, core.context, open.value, ROWS, reading);
    const meta = rowsMetaOf(open.value, answer, "r");
    const write = createResultWriter(meta, open.value.version);
    return {
      meta,
      results: answer.results.map((one) => JSON.parse(write(one, "id", false))),
      asked,
    };
  };
}

const keptAnswer = (value: number): CachedPrediction => ({
  model: "big",
  version: "3",
  digest: "d".repeat(64),
  askedDigest: "",
  strategy: "premium",
  outputs: [makeTensor("sum", "FP32", [1], Float32Array.of(value))],
  createdAtMs: 0,
  freshUntilMs: 0,
  staleUntilMs: Number.POSITIVE_INFINITY,
});

describe("premium answers that are kept", () => {
  it("are given to rows, each named by the model that computed it", async () => {
    const ask = await start((row) => row === 0);
    const { meta, results } = await ask("alias");
    expect(results).toEqual([
      {
        ok: true,
        prediction_id: "id",
        value: 100,
        strategy: "premium",
        model: "big",
        version: "3",
      },
      { ok: true, prediction_id: "id", value: 3 },
    ]);
    expect(meta).toMatchObject({ strategy: "fast", model: "sums", version: "1", cache: "partial" });
  });

  it("are named once where they are all of one model", async () => {
    const ask = await start(() => true);
    const { meta, results } = await ask("alias");
    expect(results).toEqual([
      { ok: true, prediction_id: "id", value: 100 },
      { ok: true, prediction_id: "id", value: 200 },
    ]);
    expect(meta).toMatchObject({ strategy: "premium", model: "big", version: "3" });
    expect(meta.route).toBe("production:1");
  });

  it("are not for those who ask for a version, or for an answer that is computed now", async () => {
    const ask = await start(() => true);
    await ask("alias");
    for (const asked of [await ask("version"), await ask("alias", "no-cache")]) {
      expect(asked.asked).toBe(0);
      expect(asked.results.map(({ value }) => value)).toEqual([2, 3]);
      expect(asked.meta.strategy).toBe("fast");
    }
  });
});
