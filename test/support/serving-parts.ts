import { createNodeDigest } from "../../infra/local/node-digest.ts";
import { createServingCore, type ServingPorts } from "../../src/compose/serving-core.ts";
import type { FreshnessSettings } from "../../src/core/lifecycle/freshness/settings.ts";
import { NO_PREDICTIONS, type PredictionOptions, predictionSettingsOf } from "./predictions.ts";

/** What a serving core stands on in a test: the rest is the same for all of them. */
export interface ServingGround extends Omit<ServingPorts, "digest" | "random" | "bytesCache"> {
  readonly bytesCache?: ServingPorts["bytesCache"];
  readonly maxBytes: number;
  readonly freshness: FreshnessSettings;
  /** Left out: false. */
  readonly forceReload?: boolean;
  /** Left out: no predictions are kept. */
  readonly predictions: PredictionOptions | undefined;
}

/** The parts that find, load and answer models, as the Worker has them. */
export function servingPartsOf({
  bytesCache,
  maxBytes,
  freshness,
  forceReload = false,
  predictions = NO_PREDICTIONS,
  ...ports
}: ServingGround) {
  const { random = () => 0.5 } = predictions;
  const core = createServingCore(
    { ...ports, bytesCache, digest: createNodeDigest(), random },
    { ...predictionSettingsOf(predictions), modelCacheMaxBytes: maxBytes, freshness, forceReload },
  );
  return { serve: { ...core.serve, joining: core.joining }, feed: core.feed };
}
