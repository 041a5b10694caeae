import { join } from "node:path";
import { modelBytesKey } from "../../src/core/model/keys.ts";
import { IRIS } from "./iris.ts";
import type { Stage } from "./stage.ts";
import type { WorkerOnDisk } from "./workerd.ts";

const ROOT = join(import.meta.dirname, "..", "..");

/** Freshet as it is deployed, open to whoever asks. */
export const prepareFreshet = (
  stage: Stage,
  vars: Readonly<Record<string, string>> = {},
): Promise<WorkerOnDisk> =>
  stage.prepare("freshet", join(ROOT, "functions", "worker.ts"), {
    ...stage.storeVars,
    FRESHET_ENV: "production",
    FRESHET_PUBLIC_SCOPES: "infer,read",
    ...vars,
  });

/** The Worker that one would write by hand for one model. */
export const prepareBareWorker = (stage: Stage): Promise<WorkerOnDisk> =>
  stage.prepare("bare", join(ROOT, "bench", "baselines", "bare-worker.mjs"), {
    ...stage.storeVars,
    MODEL_KEY: modelBytesKey(IRIS, "1"),
  });

/** A Hono app with Freshet's route that answers one text with one set of headers. */
export const prepareHonoConstant = (
  stage: Stage,
  answer: { readonly body: string; readonly headers: Readonly<Record<string, string>> },
): Promise<WorkerOnDisk> =>
  stage.prepare("hono", join(ROOT, "bench", "baselines", "hono-constant.mjs"), {
    ANSWER_BODY: answer.body,
    ANSWER_HEADERS: JSON.stringify(answer.headers),
  });

export const FRESHET_PATH = `/v2/models/${IRIS}/infer`;
