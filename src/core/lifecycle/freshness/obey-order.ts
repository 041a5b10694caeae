import type { PredictionCache } from "../../cache/prediction-cache.ts";
import type { RefreshDeps } from "../refresh-deployment.ts";
import type { Order } from "./shared-keys.ts";

type ObeyDeps = Pick<RefreshDeps, "models" | "loader" | "events"> & {
  readonly predictions?: PredictionCache | undefined;
};

/**
 * Does in this isolate what an order asks of all of them. Sessions that are running finish;
 * what is cleared is loaded anew by whoever asks next.
 */
export function obeyOrder(
  { models, loader, events, predictions }: ObeyDeps,
  { what, model }: Pick<Order, "what" | "model">,
): void {
  if (what !== "refresh") forgetPredictions(predictions, model);
  if (what !== "predictions") loader.forgiveAll(model);
  if (what === "all") {
    for (const loaded of models.loaded()) {
      if (model === undefined || loaded.model === model)
        models.unload(loaded.model, loaded.version);
    }
  }
  events.emit({ kind: "order_obeyed", what, ...(model === undefined ? {} : { model }) });
}

/** Of one model, or of all. */
export function forgetPredictions(
  predictions: PredictionCache | undefined,
  model: string | undefined,
): void {
  if (model === undefined) predictions?.clear();
  else predictions?.clearModel(model);
}
