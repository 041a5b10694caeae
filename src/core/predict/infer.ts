import type { LoadedVersion } from "../cache/model-cache.ts";
import type { FlightContext } from "../cache/single-flight.ts";
import type { ServeFailure } from "../model/failure.ts";
import type { MaybePromise } from "../model/maybe-promise.ts";
import type { Reference } from "../model/reference.ts";
import { fail, ok, type Result } from "../model/result.ts";
import type { Tensor, TensorSpec } from "../model/tensor.ts";
import type { RunFailure } from "../ports/engine.ts";
import type { Events } from "../ports/events.ts";
import type { AskStickiness } from "../routing/resolve.ts";
import {
  type AcquireDeps,
  type Acquired,
  acquireVersion,
  type ModelCacheOutcome,
  readyVersion,
} from "./acquire.ts";
import { checkInputs } from "./check-inputs.ts";
import { chooseOutputs } from "./choose-outputs.ts";
import type { StatisticsBook } from "./statistics.ts";

export interface InferDeps extends AcquireDeps {
  readonly statistics: StatisticsBook;
  readonly events: Events;
}

export interface InferRequest {
  readonly reference: Reference;
  readonly stickiness: AskStickiness;
  /** The tensors, or a way to make them once the model's inputs are known (raw requests carry no names or shapes). */
  readonly inputs:
    | readonly Tensor[]
    | ((specs: readonly TensorSpec[]) => Result<readonly Tensor[], ServeFailure>);
  /** Names of the outputs to compute; left out or empty means all. */
  readonly outputs?: readonly string[] | undefined;
}

/** One answered request, and what produced it. */
export interface Inference {
  readonly loaded: LoadedVersion;
  readonly route: string;
  readonly strategy: "fast";
  readonly modelCache: ModelCacheOutcome;
  readonly outputs: readonly Tensor[];
  /** Milliseconds until the session was there, and of the run. */
  readonly acquireMs: number;
  readonly runMs: number;
}

// A session can be evicted between its load and its use only while other models crowd it out.
const MAX_ATTEMPTS = 3;

/**
 * Answers one request: reference → version → session → run. Row-major tensors in
 * and out. Failures are values; a run that fails leaves session and isolate usable.
 */
export async function infer(
  deps: InferDeps,
  context: FlightContext,
  request: InferRequest,
): Promise<Result<Inference, ServeFailure>> {
  const { clock } = context;
  const startedMs = clock.now();
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const { reference, stickiness } = request;
    const acquired =
      readyVersion(deps, context, reference, stickiness) ??
      (await acquireVersion(deps, context, reference, stickiness));
    if (!acquired.ok) return acquired;
    const running = run(deps, context, request, acquired.value, startedMs);
    const answered = running instanceof Promise ? await running : running;
    if (answered !== undefined && answered !== "engine lost") return answered;
  }
  return fail({
    reason: "model_unavailable",
    detail: `model '${request.reference.model}' was crowded out of memory by other models; try again`,
  });
}

/**
 * `undefined` when the session has left the cache meanwhile, `engine lost` when the engine has
 * crashed on another request: with a new session this one may go on.
 */
function run(
  deps: InferDeps,
  context: FlightContext,
  request: InferRequest,
  acquired: Acquired,
  startedMs: number,
): MaybePromise<Result<Inference, ServeFailure> | "engine lost"> | undefined {
  const { loaded } = acquired;
  const { inputs: inputSpecs, outputs: outputSpecs } = loaded.session;
  const given =
    typeof request.inputs === "function" ? request.inputs(inputSpecs) : ok(request.inputs);
  if (!given.ok) return given;
  const inputs = checkInputs(inputSpecs, given.value);
  if (!inputs.ok) return inputs;
  const wanted = chooseOutputs(outputSpecs, request.outputs);
  if (!wanted.ok) return wanted;
  return deps.models.use(loaded, (session) => {
    const runAtMs = context.clock.now();
    const finish = (outputs: Result<readonly Tensor[], RunFailure>) =>
      settle(deps, acquired, outputs, {
        rows: rows(inputs.value),
        startedMs,
        runAtMs,
        nowMs: context.clock.now(),
      });
    const ran = session.run(inputs.value, wanted.value);
    return ran instanceof Promise ? ran.then(finish) : finish(ran);
  });
}

interface RunTimes {
  readonly rows: number;
  readonly startedMs: number;
  readonly runAtMs: number;
  readonly nowMs: number;
}

/** Counts a run and makes its answer. */
function settle(
  deps: InferDeps,
  { loaded, route, modelCache }: Acquired,
  outputs: Result<readonly Tensor[], RunFailure>,
  { rows, startedMs, runAtMs, nowMs }: RunTimes,
): Result<Inference, ServeFailure> | "engine lost" {
  const page = deps.statistics.page(loaded.model, loaded.version);
  const totalMs = nowMs - startedMs;
  const runMs = nowMs - runAtMs;
  if (outputs.ok) {
    deps.statistics.succeeded(page, { rows, totalMs, runMs, nowMs });
    const acquireMs = runAtMs - startedMs;
    return ok({
      loaded,
      route,
      strategy: "fast",
      modelCache,
      outputs: outputs.value,
      acquireMs,
      runMs,
    });
  }
  if (outputs.failure.reason === "engine_lost") return forgetSessions(deps);
  deps.statistics.failed(page, totalMs);
  if (outputs.failure.reason === "engine_crashed") reportCrash(deps, loaded, outputs.failure);
  return fail(toServeFailure(outputs.failure));
}

/** No session outlives its engine: the next use of each model opens it in the new one. */
function forgetSessions({ models }: InferDeps): "engine lost" {
  models.makeRoom(models.maxBytes);
  return "engine lost";
}

function reportCrash(deps: InferDeps, loaded: LoadedVersion, { cause }: RunFailure): void {
  forgetSessions(deps);
  const { model, version } = loaded;
  deps.events.emit({ kind: "engine_crashed", model, version, cause });
}

/** Triton counts an inference per row of the first dimension. */
const rows = (inputs: readonly Tensor[]): number => inputs[0]?.shape[0] ?? 1;

const toServeFailure = ({ reason, detail, cause }: RunFailure): ServeFailure => ({
  reason: reason === "out_of_memory" ? "input_too_large" : "rejected_input",
  detail,
  cause,
});
