import type { LoadedVersion } from "../cache/model-cache.ts";
import type { FlightContext } from "../cache/single-flight.ts";
import type { ServeFailure } from "../model/failure.ts";
import { andThen, type MaybePromise } from "../model/maybe-promise.ts";
import { fail, ok, type Result } from "../model/result.ts";
import type { Tensor } from "../model/tensor.ts";
import type { RunFailure } from "../ports/engine.ts";
import { type Acquired, acquireVersion, readyVersion } from "./acquire.ts";
import { checkInputs } from "./check-inputs.ts";
import { chooseOutputs } from "./choose-outputs.ts";
import type { InferDeps, Inference, InferRequest } from "./inference.ts";

// A session can be evicted between its load and its use only while other models crowd it out.
const MAX_ATTEMPTS = 3;

/**
 * Computes one answer: reference → version → session → run. Row-major tensors in
 * and out. Failures are values; a run that fails leaves session and isolate usable.
 * @param startedMs when the request began, for its times
 */
export async function compute(
  deps: InferDeps,
  context: FlightContext,
  request: InferRequest,
  startedMs: number,
): Promise<Result<Inference, ServeFailure>> {
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
 * As `compute`, when nothing has to be waited for before the run. `undefined`, or a promise of it:
 * call `compute`.
 */
export function computeNow(
  deps: InferDeps,
  context: FlightContext,
  request: InferRequest,
  startedMs: number,
): MaybePromise<Result<Inference, ServeFailure> | undefined> {
  const acquired = readyVersion(deps, context, request.reference, request.stickiness);
  if (acquired === undefined || !acquired.ok) return acquired;
  return andThen(run(deps, context, request, acquired.value, startedMs), unlessLost);
}

const unlessLost = (
  answered: Result<Inference, ServeFailure> | "engine lost" | undefined,
): Result<Inference, ServeFailure> | undefined =>
  answered === "engine lost" ? undefined : answered;

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
  return deps.models.use(loaded, () => {
    const runAtMs = context.clock.now();
    const finish = (outputs: Result<readonly Tensor[], RunFailure>) =>
      settle(deps, acquired, outputs, {
        isRequest: request.renews !== true,
        rows: rows(inputs.value),
        startedMs,
        runAtMs,
        nowMs: context.clock.now(),
      });
    return andThen(runWithRoom(deps, loaded, inputs.value, wanted.value), finish);
  });
}

/** Up to here a lack of memory is not the request's fault. */
const SMALL_INPUT_BYTES = 1024 * 1024;

type Ran = Result<readonly Tensor[], RunFailure>;

/**
 * Runs once more when there was no memory for a small request: the other sessions make room, as
 * they do for a load. What is large itself may not empty the engine of everything.
 */
function runWithRoom(
  { models }: InferDeps,
  loaded: LoadedVersion,
  inputs: readonly Tensor[],
  outputs: readonly string[],
): MaybePromise<Ran> {
  const { session } = loaded;
  const retry = (ran: Ran): MaybePromise<Ran> => {
    const full = !ran.ok && ran.failure.reason === "out_of_memory";
    if (!full || sizeOf(inputs) > SMALL_INPUT_BYTES || !models.keepOnly(loaded)) return ran;
    return session.run(inputs, outputs);
  };
  return andThen(session.run(inputs, outputs), retry);
}

const sizeOf = (inputs: readonly Tensor[]): number =>
  inputs.reduce(
    (sum, { data }) => sum + ("byteLength" in data ? data.byteLength : data.join("").length),
    0,
  );

interface RunTimes {
  readonly isRequest: boolean;
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
  { isRequest, rows, startedMs, runAtMs, nowMs }: RunTimes,
): Result<Inference, ServeFailure> | "engine lost" {
  const page = deps.statistics.page(loaded.model, loaded.version);
  const totalMs = nowMs - startedMs;
  const runMs = nowMs - runAtMs;
  if (outputs.ok) {
    if (isRequest) deps.statistics.succeeded(page, { rows, totalMs, runMs, nowMs });
    else deps.statistics.renewed(page, { rows, runMs });
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
  if (isRequest) deps.statistics.failed(page, totalMs);
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

const SERVE_REASONS: Partial<Record<RunFailure["reason"], ServeFailure["reason"]>> = {
  out_of_memory: "input_too_large",
  engine_crashed: "engine_crashed",
};

const toServeFailure = ({ reason, detail, cause }: RunFailure): ServeFailure => ({
  reason: SERVE_REASONS[reason] ?? "rejected_input",
  detail,
  cause,
});
