import type { LoadedVersion } from "../../cache/model-cache.ts";
import type { FlightContext } from "../../cache/single-flight.ts";
import type { Bundle } from "../../model/bundle.ts";
import type { Deployment } from "../../model/deployment.ts";
import type { ServeFailure } from "../../model/failure.ts";
import { formatReference, type Reference } from "../../model/reference.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import { inParallel } from "../in-parallel.ts";
import { confirmedDeployment, type LoadModelDeps } from "../load-model.ts";
import { toServeFailure } from "../load-version.ts";
import { referencesOf, versionsOf } from "./named-versions.ts";

/** How one model of a bundle was loaded. */
export type BundleLoadLine = { readonly reference: string; readonly durationMs: number } & (
  | {
      readonly ok: true;
      /** Of a split route the one with the most traffic; all of them are loaded. */
      readonly version: string;
      readonly digest: string;
      /** Of all of them. */
      readonly memoryBytes: number;
    }
  | { readonly ok: false; readonly failure: ServeFailure }
);

/** Models at once: each asks for two objects, and Workers wait for the headers of six. */
const PARALLEL_MODELS = 4;

/** Each deployment is asked for once a pass, however many references are of its model. */
type Deployments = Map<string, Promise<Result<Deployment, ServeFailure>>>;

/**
 * Loads everything a bundle names into this isolate, a few at once, each model asked of the
 * store now; one failure touches no other. Lines are in the bundle's order.
 */
export async function loadBundle(
  deps: LoadModelDeps,
  context: FlightContext,
  bundle: Bundle,
): Promise<readonly BundleLoadLine[]> {
  const deployments: Deployments = new Map();
  const loads = await inParallel(
    referencesOf(bundle),
    async (reference) => ok(await loadReference(deps, context, reference, deployments)),
    PARALLEL_MODELS,
  );
  if (!loads.ok) throw new Error("a load is a line, whatever becomes of it");
  return loads.value.map((load, index) =>
    lineOf(deps, bundle.references[index] ?? "", load.durationMs, load.outcome),
  );
}

type LoadOutcome = Result<readonly LoadedVersion[], ServeFailure>;

async function loadReference(
  deps: LoadModelDeps,
  context: FlightContext,
  reference: Reference,
  deployments: Deployments,
): Promise<{ readonly durationMs: number; readonly outcome: LoadOutcome }> {
  const startedMs = deps.clock.now();
  const outcome = await loadVersions(deps, context, reference, deployments);
  return { durationMs: deps.clock.now() - startedMs, outcome };
}

async function loadVersions(
  deps: LoadModelDeps,
  context: FlightContext,
  reference: Reference,
  deployments: Deployments,
): Promise<LoadOutcome> {
  const { model } = reference;
  const versions = await meantVersions(deps, context, reference, deployments);
  if (!versions.ok) return versions;
  const loaded: LoadedVersion[] = [];
  for (const version of versions.value) {
    deps.loader.forgive(model, version);
    const ready = deps.models.get(model, version);
    const outcome =
      ready === undefined ? await deps.loader.load(context, model, version) : undefined;
    if (outcome !== undefined && !outcome.value.ok) {
      return fail(toServeFailure(model, version, outcome.value.failure));
    }
    const one = outcome?.value.ok === true ? outcome.value.value : ready;
    if (one !== undefined) loaded.push(one);
  }
  return ok(loaded);
}

async function meantVersions(
  deps: LoadModelDeps,
  context: FlightContext,
  reference: Reference,
  deployments: Deployments,
): Promise<Result<readonly string[], ServeFailure>> {
  const { model, selector } = reference;
  if (selector.kind === "version") return ok([selector.version]);
  const asked = deployments.get(model) ?? confirmedDeployment(deps, context, model);
  deployments.set(model, asked);
  const deployment = await asked;
  if (!deployment.ok) return deployment;
  const versions = versionsOf(deployment.value, reference);
  if (versions.length > 0) return ok(versions);
  return fail({
    reason: "alias_not_found",
    detail: `${formatReference(reference)}: the model has ${Object.keys(deployment.value.aliases).join(", ") || "no alias"}`,
  });
}

/** What was loaded and is still here when the pass is over. */
function lineOf(
  { models }: LoadModelDeps,
  reference: string,
  durationMs: number,
  outcome: LoadOutcome,
): BundleLoadLine {
  if (!outcome.ok) return { reference, durationMs, ok: false, failure: outcome.failure };
  const lost = outcome.value.find(
    ({ model, version }) => models.peek(model, version) === undefined,
  );
  const [first] = outcome.value;
  if (lost !== undefined || first === undefined) {
    const detail = `version ${lost?.version} was loaded and crowded out by others of the bundle: together they do not fit into MODEL_CACHE_MAX_BYTES (${models.maxBytes})`;
    return { reference, durationMs, ok: false, failure: { reason: "model_unavailable", detail } };
  }
  const memoryBytes = outcome.value.reduce((sum, one) => sum + one.memoryBytes, 0);
  const { version, digest } = first;
  return { reference, durationMs, ok: true, version, digest, memoryBytes };
}
