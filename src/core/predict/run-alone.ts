import type { LoadedVersion } from "../cache/model-cache.ts";
import type { FlightContext } from "../cache/single-flight.ts";
import type { ServeFailure } from "../model/failure.ts";
import { andThen, type MaybePromise } from "../model/maybe-promise.ts";
import { fail, ok, type Result } from "../model/result.ts";
import { sizeOfData, type Tensor } from "../model/tensor.ts";
import type { RunFailure } from "../ports/engine.ts";
import type { Acquired } from "./acquire.ts";
import type { InferDeps, Inference } from "./inference.ts";

/** `engine lost`: it has crashed on another request; with a new session this one may go on. */
export type Ended = Result<Inference, ServeFailure> | "engine lost";

/** A request whose inputs are checked, and what runs it. */
export interface Asked {
  readonly acquired: Acquired;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly string[];
  readonly isRequest: boolean;
  readonly startedMs: number;
}

/** Runs one request, holding its session meanwhile; `undefined` when that has left the cache. */
export function runAlone(
  deps: InferDeps,
  context: FlightContext,
  asked: Asked,
): MaybePromise<Ended> | undefined {
  const { acquired, inputs, outputs, startedMs } = asked;
  const { loaded } = acquired;
  return deps.models.use(loaded, () => {
    const runAtMs = context.clock.now();
    const finish = (ran: Ran) => {
      const endedAtMs = context.clock.now();
      const times = { startedMs, runAtMs, endedAtMs };
      return ran.ok
        ? succeed(deps, asked, ran.value, times)
        : failed(deps, asked, ran.failure, endedAtMs);
    };
    return andThen(runWithRoom(deps, loaded, inputs, outputs), finish);
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
    if (!full || sizeOfData(inputs) > SMALL_INPUT_BYTES || !models.keepOnly(loaded)) return ran;
    return session.run(inputs, outputs);
  };
  return andThen(session.run(inputs, outputs), retry);
}

/** When a request came, and its run began and ended: ms since 1970. */
export interface RunTimes {
  readonly startedMs: number;
  readonly runAtMs: number;
  readonly endedAtMs: number;
}

/** Counts a run and makes its answer. */
function succeed(
  { statistics }: InferDeps,
  { acquired, inputs, isRequest }: Asked,
  outputs: readonly Tensor[],
  times: RunTimes,
): Result<Inference, ServeFailure> {
  const { startedMs, runAtMs, endedAtMs } = times;
  const page = statistics.page(acquired.loaded.model, acquired.loaded.version);
  const rows = rowsOf(inputs);
  const runMs = endedAtMs - runAtMs;
  const totalMs = endedAtMs - startedMs;
  if (isRequest) statistics.succeeded(page, { rows, totalMs, runMs, nowMs: endedAtMs });
  else statistics.renewed(page, { rows, runMs });
  return ok(inferenceOf(acquired, outputs, times));
}

/** The answer that a run has given. */
export const inferenceOf = (
  { loaded, route, modelCache }: Acquired,
  outputs: readonly Tensor[],
  { startedMs, runAtMs, endedAtMs }: RunTimes,
): Inference => ({
  loaded,
  route,
  strategy: "fast",
  modelCache,
  outputs,
  acquireMs: runAtMs - startedMs,
  runMs: endedAtMs - runAtMs,
});

function failed(
  deps: InferDeps,
  { acquired: { loaded }, isRequest, startedMs }: Asked,
  failure: RunFailure,
  nowMs: number,
): Ended {
  const isLost = noticeBroken(deps, loaded, failure);
  if (isLost) return "engine lost";
  const page = deps.statistics.page(loaded.model, loaded.version);
  if (isRequest) deps.statistics.failed(page, nowMs - startedMs);
  return fail(toServeFailure(failure));
}

/**
 * After a failure of the engine itself no session outlives it: the next use of each model opens
 * it in the new one. Tells a crash of this very run.
 * @returns whether the engine had crashed before: the request may go on with a new session
 */
export function noticeBroken(
  { models, events }: InferDeps,
  { model, version }: LoadedVersion,
  { reason, cause }: RunFailure,
): boolean {
  if (reason !== "engine_lost" && reason !== "engine_crashed") return false;
  models.makeRoom(models.maxBytes);
  if (reason === "engine_crashed") events.emit({ kind: "engine_crashed", model, version, cause });
  return reason === "engine_lost";
}

/** Triton counts an inference per row of the first dimension. */
const rowsOf = (inputs: readonly Tensor[]): number => inputs[0]?.shape[0] ?? 1;

const SERVE_REASONS: Partial<Record<RunFailure["reason"], ServeFailure["reason"]>> = {
  out_of_memory: "input_too_large",
  engine_crashed: "engine_crashed",
};

const toServeFailure = ({ reason, detail, cause }: RunFailure): ServeFailure => ({
  reason: SERVE_REASONS[reason] ?? "rejected_input",
  detail,
  cause,
});
