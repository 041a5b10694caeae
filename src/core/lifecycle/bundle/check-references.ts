import type { Deployment } from "../../model/deployment.ts";
import { formatReference, type Reference } from "../../model/reference.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { inParallel } from "../in-parallel.ts";
import { readDeployment } from "../read-deployment.ts";
import { readManifest } from "../read-manifest.ts";
import type { FieldProblem, RegistryFailure } from "../registry-failure.ts";
import { versionsOf } from "./named-versions.ts";

/**
 * Checks that each reference means something now: its model is there, its alias too, and a
 * version named by its number exists. One GET per model and one per numbered version; every
 * wrong one is named.
 */
export async function checkReferences(
  store: ObjectStore,
  references: readonly Reference[],
): Promise<Result<undefined, RegistryFailure>> {
  const models = [...new Set(references.map(({ model }) => model))];
  const read = await inParallel(models, (model) => deploymentOf(store, model));
  if (!read.ok) return read;
  const deployments = new Map(models.map((model, index) => [model, read.value[index]]));
  const checked = await inParallel([...references.entries()], async ([index, reference]) => {
    const problem = await problemOf(store, deployments.get(reference.model), reference);
    if (!problem.ok) return problem;
    const { value: message } = problem;
    return ok(message === undefined ? undefined : { path: `references.${index}`, message });
  });
  if (!checked.ok) return checked;
  const errors = checked.value.filter((problem) => problem !== undefined);
  return errors.length === 0 ? ok(undefined) : unknown(errors);
}

/** The deployment of a model that something names. One GET; `undefined`: there is no such model. */
export async function deploymentOf(
  store: ObjectStore,
  model: string,
): Promise<Result<Deployment | undefined, RegistryFailure>> {
  const read = await readDeployment(store, model);
  if (read.ok) return ok(read.value.value);
  const { failure } = read;
  if (failure.reason === "absent") return ok(undefined);
  if (failure.reason === "invalid_document") {
    return unknown([
      { path: "references", message: `model '${model}' cannot be read: ${failure.detail}` },
    ]);
  }
  const { detail, cause } = failure;
  return fail({ reason: "store_unavailable", detail, cause });
}

/**
 * Why a reference means nothing in a deployment; `undefined`: it does mean something. One GET for
 * a version named by its number.
 */
export async function problemOf(
  store: ObjectStore,
  deployment: Deployment | undefined,
  reference: Reference,
): Promise<Result<string | undefined, RegistryFailure>> {
  const { model, selector } = reference;
  if (deployment === undefined) return ok(`there is no model '${model}'`);
  if (selector.kind === "alias") {
    const known = Object.keys(deployment.aliases).join(", ") || "none";
    const isKnown = versionsOf(deployment, reference).length > 0;
    return ok(isKnown ? undefined : `${formatReference(reference)}: the model has ${known}`);
  }
  const { version } = selector;
  if (deployment.deleted?.includes(version)) {
    return ok(`version '${version}' of model '${model}' is deleted`);
  }
  const manifest = await readManifest(store, model, version);
  if (manifest.ok) return ok(undefined);
  const { reason, detail, cause } = manifest.failure;
  return reason === "store_unavailable" ? fail({ reason, detail, cause }) : ok(detail);
}

const unknown = (errors: readonly FieldProblem[]): Result<never, RegistryFailure> =>
  fail({
    reason: "unknown_reference",
    detail: errors.map(({ message }) => message).join("; "),
    errors,
  });
