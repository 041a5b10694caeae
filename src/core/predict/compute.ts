import type { FlightContext } from "../cache/single-flight.ts";
import type { ServeFailure } from "../model/failure.ts";
import { andThen, type MaybePromise } from "../model/maybe-promise.ts";
import { fail, ok, type Result } from "../model/result.ts";
import { type Acquired, acquireVersion, readyVersion } from "./acquire.ts";
import { checkInputs } from "./check-inputs.ts";
import { chooseOutputs } from "./choose-outputs.ts";
import type { InferDeps, Inference, InferRequest } from "./inference.ts";
import { runJoined } from "./joining/run-joined.ts";
import { type Ended, runAlone } from "./run-alone.ts";

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
    const mayJoin = attempt === 0;
    const running = run(deps, context, request, acquired.value, startedMs, mayJoin);
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
  return andThen(run(deps, context, request, acquired.value, startedMs, true), unlessLost);
}

const unlessLost = (answered: Ended | undefined): Result<Inference, ServeFailure> | undefined =>
  answered === "engine lost" ? undefined : answered;

/**
 * `undefined` when the session has left the cache meanwhile.
 * @param mayJoin false: the row waits for no others, whatever the deployment says
 */
function run(
  deps: InferDeps,
  context: FlightContext,
  request: InferRequest,
  acquired: Acquired,
  startedMs: number,
  mayJoin: boolean,
): MaybePromise<Ended | undefined> | undefined {
  const { loaded } = acquired;
  const { inputs: inputSpecs, outputs: outputSpecs } = loaded.session;
  const given =
    typeof request.inputs === "function" ? request.inputs(inputSpecs) : ok(request.inputs);
  if (!given.ok) return given;
  const inputs = checkInputs(inputSpecs, given.value);
  if (!inputs.ok) return inputs;
  const wanted = chooseOutputs(outputSpecs, request.outputs);
  if (!wanted.ok) return wanted;
  const isRequest = request.renews !== true;
  const asked = { acquired, inputs: inputs.value, outputs: wanted.value, isRequest, startedMs };
  const joining = mayJoin && isRequest ? deps.joining : undefined;
  const row = joining?.enter(loaded, inputs.value, wanted.value);
  return joining === undefined || row === undefined
    ? runAlone(deps, context, asked)
    : runJoined(deps, context, joining, asked, row);
}
