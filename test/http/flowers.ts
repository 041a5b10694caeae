import { createNodeDigest } from "../../infra/local/node-digest.ts";
import { createMemoryPredictionStore } from "../../src/adapters/memory/prediction-store.ts";
import { PredictionRecorder } from "../../src/core/quality/record-predictions.ts";
import { createHttpApp, type HttpApp, type HttpAppOptions } from "../support/http-app.ts";
import { createManualClock } from "../support/manual-clock.ts";
import { putDeployment, putVersion } from "../support/publish.ts";
import { CLASSES, createIrisEngine } from "./iris-engine.ts";

export const PREDICT = "/v1/models/iris-logreg/predict";

// The engine's scores are the first three features: these sum to 1.
export const SETOSA = { a: 0.75, b: 0.25, c: 0, d: 9 };
export const VIRGINICA = { a: 0.25, b: 0, c: 0.75, d: 9 };

/** What keeps records for a test's app, in memory. */
export function createMemoryRecords(): NonNullable<HttpAppOptions["records"]> {
  const clock = createManualClock();
  const predictions = createMemoryPredictionStore(clock);
  const digest = createNodeDigest();
  const events = { emit: () => undefined };
  const recorder = new PredictionRecorder({ predictions, digest, events, clock });
  return { predictions, recorder };
}

/** An app with a model of flowers that has named features; `more` of its deployment. */
export async function createFlowerApp(
  options: HttpAppOptions = {},
  more: Readonly<Record<string, unknown>> = {},
): Promise<HttpApp> {
  const app = createHttpApp({ engine: createIrisEngine(), ...options });
  const features = ["a", "b", "c", "d"].map((name) => ({ name, dtype: "float32" }));
  const facts = { task: "classification", classes: CLASSES, features };
  await putVersion(app.bucket, "iris-logreg", "1", Uint8Array.of(1), facts);
  await putDeployment(app.bucket, "iris-logreg", 1, { production: { "1": 100 } }, { ...more });
  return app;
}
