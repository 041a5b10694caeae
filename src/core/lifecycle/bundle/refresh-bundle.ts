import type { FlightContext } from "../../cache/single-flight.ts";
import type { Bundle } from "../../model/bundle.ts";
import { ok } from "../../model/result.ts";
import { type Refreshed, type RefreshNowDeps, refreshNow } from "../freshness/refresh-now.ts";
import { inParallel } from "../in-parallel.ts";
import { referencesOf } from "./named-versions.ts";

/** Models asked about at once. */
const PARALLEL_MODELS = 4;

/** Asks the store about every model of a bundle now, each once; what fails is told beside the others. */
export async function refreshBundle(
  deps: RefreshNowDeps,
  context: FlightContext,
  bundle: Bundle,
): Promise<readonly Refreshed[]> {
  const models = [...new Set(referencesOf(bundle).map(({ model }) => model))];
  const refreshed = await inParallel(
    models,
    async (model) => ok(await refreshOne(deps, context, model)),
    PARALLEL_MODELS,
  );
  if (!refreshed.ok) throw new Error("a failed refresh is told as a reason");
  return refreshed.value;
}

async function refreshOne(
  deps: RefreshNowDeps,
  context: FlightContext,
  model: string,
): Promise<Refreshed> {
  const one = await refreshNow(deps, context, model);
  if (one.ok) return one.value;
  const { reason, detail } = one.failure;
  const told = reason === "store_unavailable" ? "the store does not answer" : detail;
  return { model, from: null, to: null, changed: false, reason: `${reason}: ${told}` };
}
