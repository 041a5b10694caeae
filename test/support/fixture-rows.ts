import { readFileSync } from "node:fs";
import { join } from "node:path";

const MODELS = join(import.meta.dirname, "..", "fixtures", "models");

/** What a fixture's publisher would say of it. */
export type FixtureManifest = {
  readonly task: "classification" | "regression";
  readonly classes: readonly string[];
  readonly features: readonly { readonly name: string; readonly dtype: string }[];
};

/** Reads the manifest of a fixture out of its `model.json`. */
export function fixtureManifest(name: string, version: string): FixtureManifest {
  const facts = JSON.parse(readFileSync(join(MODELS, name, `v${version}`, "model.json"), "utf8"));
  const { task, features, classNames } = facts;
  return {
    task: task.endsWith("classification") ? "classification" : "regression",
    classes: classNames ?? [],
    features: features.map((feature: { readonly name: string; readonly dtype: string }) => ({
      name: feature.name,
      dtype: feature.dtype,
    })),
  };
}

/** The hold-out rows as they stand on disk, the truth in the last column. */
export const holdoutCsv = (name: string): string =>
  readFileSync(join(MODELS, name, "holdout.csv"), "utf8");

/** One row's result as a client reads it. */
export interface ClientResult {
  readonly ok: boolean;
  readonly prediction_id?: string;
  readonly label?: string;
  readonly probabilities?: Readonly<Record<string, number>>;
  readonly value?: number;
  /** False where there was no room for its record. */
  readonly recorded?: boolean;
  readonly final?: boolean;
  readonly error?: { readonly code: string; readonly detail: string; readonly path?: string };
}

export const readResults = (lines: string): readonly ClientResult[] =>
  lines
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as ClientResult);
