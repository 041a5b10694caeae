import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { OutcomeValue, RecordedOutput } from "../../src/core/model/prediction-record.ts";

const MODELS = join(import.meta.dirname, "..", "fixtures", "models");

/** What a fixture's own library answered for its hold-out rows, with the truth of each and the library's metrics. */
export interface Holdout {
  readonly rows: readonly {
    readonly output: RecordedOutput;
    readonly confidence?: number;
    readonly truth: OutcomeValue;
  }[];
  /** scikit-learn's, to six digits. */
  readonly metrics: Readonly<Record<string, unknown>> & { readonly confusion_matrix?: unknown };
  /** In the order of the library's confusion matrix. */
  readonly classes: readonly string[] | undefined;
}

/** Reads `expected.json`, `model.json` and the truths of `holdout.csv` of one fixture. */
export function readHoldout(name: string, version: string): Holdout {
  const facts = readJson(join(MODELS, name, `v${version}`, "model.json"));
  const { outputs } = readJson(join(MODELS, name, `v${version}`, "expected.json"));
  const truths = lastColumn(join(MODELS, name, "holdout.csv"));
  const classes: string[] | undefined = facts.classes?.map(String);
  const rows = truths.map((truth, index) => {
    if (classes === undefined) {
      const value = [outputs[facts.predictionOutput][index]].flat()[0];
      return { output: { value }, truth: Number(truth) };
    }
    const shares: number[] = outputs[facts.probabilityOutput][index];
    const probabilities = Object.fromEntries(classes.map((key, at) => [key, shares[at] ?? 0]));
    const label = String(outputs[facts.labelOutput][index]);
    return { output: { label, probabilities }, confidence: Math.max(...shares), truth };
  });
  return { rows, metrics: facts.metrics.holdout, classes };
}

function lastColumn(path: string): readonly string[] {
  const [, ...lines] = readFileSync(path, "utf8").trim().split("\n");
  return lines.map((line) => line.trim().split(",").at(-1) ?? "");
}

// biome-ignore lint/suspicious/noExplicitAny: fixture files are the tests' own
const readJson = (path: string): any => JSON.parse(readFileSync(path, "utf8"));
