import type { Deployment } from "../../model/deployment.ts";
import { splitPrompt, strayPlace } from "../../model/prompt.ts";
import { PRODUCTION, parseReferenceWord, type Reference } from "../../model/reference.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import type {
  ChatStrategy,
  ModelStrategy,
  OipStrategy,
  PremiumStrategy,
} from "../../model/strategies.ts";
import type { TensorSpec } from "../../model/tensor.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import type { RemoteModels } from "../../ports/remote-models.ts";
import { routedVersions, routeOf } from "../../routing/resolve.ts";
import { deploymentOf, problemOf } from "../bundle/check-references.ts";
import { versionsOf } from "../bundle/named-versions.ts";
import type { FieldProblem, RegistryFailure } from "../registry-failure.ts";
import { servedManifest } from "./check-route.ts";

export interface StrategyDeps {
  readonly store: ObjectStore;
  readonly remote: Pick<RemoteModels, "check">;
  /** Whether answers of a deployment are kept anywhere. No I/O. */
  readonly isKept: (deployment: Deployment) => boolean;
}

type Checked = Result<readonly FieldProblem[], RegistryFailure>;

const PATH = "strategies.premium";

/**
 * Checks that the strategies of a deployment can work: what they name is there or allowed, and
 * something keeps the answers they give. Every wrong field is named. Up to two GETs; a remote
 * model is not asked.
 * @param deployment as it is to be
 */
export async function checkStrategies(
  deps: StrategyDeps,
  deployment: Deployment,
): Promise<Result<undefined, RegistryFailure>> {
  const premium = deployment.strategies?.premium;
  if (premium === undefined) return ok(undefined);
  const named =
    premium.kind === "model"
      ? await checkModel(deps.store, deployment, premium)
      : await checkRemote(deps, deployment, premium);
  if (!named.ok) return named;
  const errors = [
    ...checkRace(premium),
    ...(await checkAnswerSchema(premium)),
    ...named.value,
    ...(deps.isKept(deployment) ? [] : [{ path: PATH, message: whyNotKept(deployment) }]),
  ];
  return errors.length === 0 ? ok(undefined) : invalid(errors);
}

const invalid = (errors: readonly FieldProblem[]) =>
  fail({
    reason: "invalid_strategy",
    detail: errors.map(({ path, message }) => `${path}: ${message}`).join("; "),
    errors,
  });

function checkRace({ mode, race_ms }: PremiumStrategy): readonly FieldProblem[] {
  const path = `${PATH}.race_ms`;
  if (mode === "race" && race_ms === undefined) {
    return [{ path, message: "is needed with mode 'race': how long a caller waits" }];
  }
  return mode !== "race" && race_ms !== undefined
    ? [{ path, message: "has no effect without mode 'race'" }]
    : [];
}

async function checkAnswerSchema({ schema }: PremiumStrategy): Promise<readonly FieldProblem[]> {
  if (schema === undefined) return [];
  const { checkSchema } = await import("../../predict/premium/check-schema.ts");
  return checkSchema(schema).map(({ path, message }) => ({
    path: path === "" ? `${PATH}.schema` : `${PATH}.schema.${path}`,
    message,
  }));
}

async function checkRemote(
  { remote, store }: StrategyDeps,
  deployment: Deployment,
  strategy: OipStrategy | ChatStrategy,
): Promise<Checked> {
  const checked = remote.check(strategy);
  const problems: FieldProblem[] = [];
  if (!checked.ok) {
    const { reason, detail } = checked.failure;
    const field = reason === "remote_secret_missing" ? "secret" : "url";
    problems.push({ path: `${PATH}.${field}`, message: detail });
  }
  if (strategy.kind !== "chat") return ok(problems);
  const named = await checkNames(store, deployment, strategy);
  return named.ok ? ok([...problems, ...named.value]) : named;
}

/** A prompt and a map that name what the model has: a misspelt name would fail with every question. */
async function checkNames(
  store: ObjectStore,
  deployment: Deployment,
  { prompt, map = {} }: ChatStrategy,
): Promise<Checked> {
  const stray = strayPlace(prompt);
  const path = `${PATH}.prompt`;
  if (stray !== undefined) {
    const message = `${stray} is none of {{input NAME}}, {{inputs}} and {{outputs}}`;
    return ok([{ path, message }]);
  }
  const manifest = await servedManifest(store, deployment, PRODUCTION);
  if (!manifest.ok) return manifest;
  const { inputs, outputs } = manifest.value ?? {};
  const unknown = splitPrompt(prompt).flatMap((part) =>
    typeof part === "string" || part.kind !== "input" || has(inputs, part.name)
      ? []
      : [{ path, message: `names input '${part.name}', which production does not take` }],
  );
  const unmapped = Object.keys(map)
    .filter((name) => !has(outputs, name))
    .map((name) => ({ path: `${PATH}.map.${name}`, message: "is no output of production" }));
  return ok([...unknown, ...unmapped]);
}

/** A manifest without specs is of an older writer: nothing is said then. */
const has = (specs: readonly TensorSpec[] | undefined, name: string): boolean =>
  specs?.some((spec) => spec.name === name) ?? true;

async function checkModel(
  store: ObjectStore,
  deployment: Deployment,
  { reference: word }: ModelStrategy,
): Promise<Checked> {
  const problems = (message: string): Checked => ok([{ path: `${PATH}.reference`, message }]);
  const parsed = parseReferenceWord(word);
  if (!parsed.ok) return problems(parsed.failure.detail);
  const reference = parsed.value;
  const isOwn = reference.model === deployment.model;
  const named: Result<Deployment | undefined, RegistryFailure> = isOwn
    ? ok(deployment)
    : await deploymentOf(store, reference.model);
  if (!named.ok)
    return named.failure.reason === "unknown_reference" ? problems(named.failure.detail) : named;
  const problem = await problemOf(store, named.value, reference);
  if (!problem.ok) return problem;
  if (problem.value !== undefined) return problems(problem.value);
  return isOwn && isFast(deployment, reference)
    ? problems("is the version that answers at once already: there is nothing better to wait for")
    : ok([]);
}

/** Whether every answer of a reference comes from the one version that production answers from. */
function isFast(deployment: Deployment, reference: Reference): boolean {
  const route = routeOf(deployment, PRODUCTION);
  const served = route === undefined ? [] : routedVersions(route);
  const versions = versionsOf(deployment, reference);
  return served.length === 1 && versions.every((version) => version === served[0]);
}

function whyNotKept({ policy, cache }: Deployment): string {
  const why =
    policy?.use_cache === false
      ? "policy.use_cache is off"
      : cache?.isolate === false && cache.redis === false
        ? "cache.isolate and cache.redis are off"
        : "the Worker keeps no predictions of it (USE_CACHE, PREDICTION_CACHE_MAX_BYTES, or no time to keep them for)";
  return `nothing could keep its answer: ${why}`;
}
