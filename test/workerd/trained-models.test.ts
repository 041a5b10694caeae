import { describe, expect, it } from "vitest";
import forestModel from "../../examples/models/breast-cancer-rf/versions/1/model.onnx?url&inline";
import type { Tensor } from "../../src/core/model/tensor.ts";
import forestRows from "../fixtures/models/breast-cancer-rf/holdout.csv?raw";
import forestAnswers from "../fixtures/models/breast-cancer-rf/v1/expected.json";
import forestFacts from "../fixtures/models/breast-cancer-rf/v1/model.json";
import boostedRows from "../fixtures/models/breast-cancer-xgb/holdout.csv?raw";
import boostedAnswers from "../fixtures/models/breast-cancer-xgb/v1/expected.json";
import boostedFacts from "../fixtures/models/breast-cancer-xgb/v1/model.json";
import boostedModel from "../fixtures/models/breast-cancer-xgb/v1/model.onnx?url&inline";
import { bytesOf, floats, runAll, withSession } from "./open-session.ts";

const TREES = {
  "a random forest": [forestModel, forestRows, forestAnswers, forestFacts],
  "boosted trees": [boostedModel, boostedRows, boostedAnswers, boostedFacts],
} as const;

/** The columns of a CSV that a model takes, in its order. */
function matrix(csv: string, facts: { readonly features: readonly { readonly name: string }[] }) {
  const [header = "", ...lines] = csv.trim().split("\n");
  const names = header.split(",");
  const places = facts.features.map(({ name }) => names.indexOf(name));
  const rows = lines.map((line) => {
    const cells = line.split(",");
    return places.map((place) => Number(cells[place]));
  });
  return { shape: [rows.length, places.length], data: rows.flat() };
}

const numbers = (tensor: Tensor | undefined): readonly number[] =>
  Array.from(tensor?.data as ArrayLike<number | bigint>, Number);

describe("a trained model answers as the library that trained it", () => {
  it.each(Object.entries(TREES))("%s", async (_what, [model, csv, { outputs: wanted }, facts]) => {
    await withSession(bytesOf(model), async (session) => {
      const { shape, data } = matrix(csv, facts);
      const input = session.inputs[0];
      const answers = await runAll(session, [floats(input?.name ?? "", shape, ...data)]);
      const byName = new Map(answers.map((tensor) => [tensor.name, tensor]));
      expect(numbers(byName.get("label"))).toEqual(wanted.label);
      const probabilities = numbers(byName.get("probabilities"));
      const expected = wanted.probabilities.flat();
      expect(probabilities).toHaveLength(expected.length);
      const worst = Math.max(
        ...expected.map((value, index) => Math.abs(value - (probabilities[index] ?? Number.NaN))),
      );
      // The fixtures hold nine digits of float32 sums whose order may differ.
      expect(worst).toBeLessThan(1e-5);
    });
  });
});
