import type { HttpSettings } from "../../src/http/deps.ts";
import { createHttpApp, type HttpApp } from "../support/http-app.ts";
import { putDeployment, putVersion } from "../support/publish.ts";
import { CLASSES, createIrisEngine } from "./iris-engine.ts";

export const INFER = "/v2/models/iris-logreg/infer";

/** An app with `iris-logreg`: version 1 is `production`, version 2 is `staging`, 3 is not routed. */
export async function createIrisApp(settings: Partial<HttpSettings> = {}): Promise<HttpApp> {
  const app = createHttpApp({ engine: createIrisEngine(), settings });
  const facts = { task: "classification", classes: CLASSES, description: "three species" };
  for (const version of ["1", "2", "3"]) {
    await putVersion(app.bucket, "iris-logreg", version, Uint8Array.of(Number(version)), facts);
  }
  await putDeployment(app.bucket, "iris-logreg", 1, {
    production: { "1": 100 },
    staging: { "2": 100 },
  });
  return app;
}

/** Rows as an input of the protocol. */
export const features = (...rows: readonly (readonly number[])[]) => ({
  name: "features",
  datatype: "FP32",
  shape: [rows.length, 4],
  data: rows.flat(),
});

/** What a refusal under `/v2` says. */
export async function errorOf(answer: Response): Promise<string> {
  const body = (await answer.json()) as { readonly error?: unknown };
  if (typeof body.error !== "string") throw new Error("not the protocol's error");
  return body.error;
}
