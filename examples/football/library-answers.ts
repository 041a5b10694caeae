import { readFileSync } from "node:fs";
import { join } from "node:path";

const FIXTURES = join(
  import.meta.dirname,
  ...["..", "..", "test", "fixtures", "models", "football_baseline_model"],
);

const CLASSES = ["home", "draw", "away"] as const;

export interface LibraryAnswer {
  readonly label: string;
  readonly probabilities: Readonly<Record<string, number>>;
}

/**
 * What scikit-learn, which trained the model, answers for the matches of the season 2016/17, in
 * their order.
 */
export function readLibraryAnswers(version: string): readonly LibraryAnswer[] {
  const text = readFileSync(join(FIXTURES, `v${version}`, "expected.json"), "utf8");
  const { outputs } = JSON.parse(text) as {
    readonly outputs: {
      readonly label: readonly string[];
      readonly probabilities: readonly (readonly number[])[];
    };
  };
  return outputs.label.map((label, match) => {
    const shares = outputs.probabilities[match] ?? [];
    const probabilities = Object.fromEntries(
      CLASSES.map((name, place) => [name, shares[place] ?? 0]),
    );
    return { label, probabilities };
  });
}
