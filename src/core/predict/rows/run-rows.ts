import type { FlightContext } from "../../cache/single-flight.ts";
import type { ServeFailure } from "../../model/failure.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import type { Tensor } from "../../model/tensor.ts";
import type { ModelCacheOutcome } from "../acquire.ts";
import { compute } from "../compute.ts";
import type { InferDeps } from "../inference.ts";
import { type OpenRows, pinnedTo } from "./open-rows.ts";
import { joinRows, splitRows } from "./split-rows.ts";

/**
 * Rows of one run. A run costs some 20 µs by itself, so that a row of a small model costs 20 µs
 * alone, 1 µs among 32 and 0.1 to 3 µs among 256; more gain nothing, while the isolate answers
 * nobody else meanwhile (the example models, onnxruntime-web 1.30).
 */
export const BATCH_ROWS = 256;

/**
 * Engine crashes that one request, or one stream, may cost: after each the engine starts anew, some
 * 0.2 s, and every model of the isolate is opened again, whoever uses it. Three find two bad rows.
 */
export const MAX_ENGINE_CRASHES = 3;

/** One row's outputs, all of the model's in its order, `[1, …]` each. */
export type RanRow = Result<readonly Tensor[], ServeFailure>;

export interface RanRows {
  /** In the order given. */
  readonly rows: readonly RanRow[];
  /** Of the first run. */
  readonly modelCache: ModelCacheOutcome;
  readonly runMs: number;
}

interface Running {
  readonly deps: InferDeps;
  readonly context: FlightContext;
  readonly open: OpenRows;
  /** Set once outputs turned out not to have their rows first, or a batch crashed the engine. */
  isRowByRow: boolean;
  modelCache: ModelCacheOutcome;
  runMs: number;
}

/**
 * Runs rows, each a request of one row, in as few runs as may be. A row that the graph refuses
 * fails alone: a refused batch is halved until it is found, and so is one that has no memory. A
 * batch that crashed the engine is not halved, which would crash it once for each halving: its rows
 * and those after them run one by one, so that each bad row costs one crash more, and once there
 * were `MAX_ENGINE_CRASHES` the rows that are left are `not_tried`. Once the version cannot be
 * had, the rest fails without a try. Never rejects for what a row holds.
 */
export async function runRows(
  deps: InferDeps,
  context: FlightContext,
  open: OpenRows,
  rows: readonly (readonly Tensor[])[],
): Promise<RanRows> {
  const isRowByRow =
    !open.rows.isBatched || open.version.outputs.some(({ shape }) => (shape[0] ?? -1) >= 0);
  const { modelCache } = open;
  const running: Running = { deps, context, open, isRowByRow, modelCache, runMs: 0 };
  const ran: RanRow[] = [];
  let unavailable: ServeFailure | undefined;
  while (ran.length < rows.length) {
    const size = running.isRowByRow ? 1 : BATCH_ROWS;
    const batch = rows.slice(ran.length, ran.length + size);
    const answered = unavailable === undefined ? await runBatch(running, batch) : fail(unavailable);
    if (!answered.ok) unavailable = answered.failure;
    ran.push(...(answered.ok ? answered.value : batch.map(() => answered)));
  }
  return { rows: ran, modelCache: running.modelCache, runMs: running.runMs };
}

/** The failure is one of the version, not of a row. */
async function runBatch(
  running: Running,
  rows: readonly (readonly Tensor[])[],
): Promise<Result<readonly RanRow[], ServeFailure>> {
  const { toll } = running.open;
  if (toll.engineCrashes >= MAX_ENGINE_CRASHES) return ok(rows.map(() => NOT_TRIED));
  const outputs = await runOnce(running, rows);
  if (outputs.ok) {
    const split = splitRows(outputs.value, rows.length);
    if (split !== undefined) return ok(split.map((row) => ok(row)));
    running.isRowByRow = true;
  } else {
    if (!isOfRow(outputs.failure)) return outputs;
    if (outputs.failure.reason === "engine_crashed") {
      toll.engineCrashes += 1;
      running.isRowByRow = true;
    }
    if (rows.length === 1) return ok([outputs]);
  }
  return runParts(running, rows);
}

async function runParts(
  running: Running,
  rows: readonly (readonly Tensor[])[],
): Promise<Result<readonly RanRow[], ServeFailure>> {
  const size = running.isRowByRow ? 1 : Math.ceil(rows.length / 2);
  const ran: RanRow[] = [];
  while (ran.length < rows.length) {
    const part = await runBatch(running, rows.slice(ran.length, ran.length + size));
    if (!part.ok) return part;
    ran.push(...part.value);
  }
  return ok(ran);
}

async function runOnce(
  running: Running,
  rows: readonly (readonly Tensor[])[],
): Promise<Result<readonly Tensor[], ServeFailure>> {
  const { deps, context, open } = running;
  const { model, version } = open.version;
  const request = {
    reference: pinnedTo(model, version),
    stickiness: open.request.stickiness,
    inputs: joinRows(rows),
  };
  const ran = await compute(deps, context, request, context.clock.now());
  if (!ran.ok) return ran;
  if (running.modelCache === "unused") running.modelCache = ran.value.modelCache;
  running.runMs += ran.value.runMs;
  return ok(ran.value.outputs);
}

const NOT_TRIED = fail<ServeFailure>({
  reason: "not_tried",
  detail: `rows of this request crashed the engine ${MAX_ENGINE_CRASHES} times: this one was not tried any more; send it again without them`,
});

const OF_ROW: ReadonlySet<ServeFailure["reason"]> = new Set([
  "rejected_input",
  "input_too_large",
  "invalid_input",
  "engine_crashed",
  "not_tried",
]);

/** Whether a failure is one of the row that was asked: others may fare better. */
export const isOfRow = ({ reason }: ServeFailure): boolean => OF_ROW.has(reason);
