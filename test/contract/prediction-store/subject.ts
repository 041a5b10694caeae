import type { PredictionStore } from "../../../src/core/ports/prediction-store.ts";

export const DEADLINE_MS = 10_000;

/** The store under test, and a model of the test's own. */
export interface Subject {
  readonly store: PredictionStore;
  model: string;
}
