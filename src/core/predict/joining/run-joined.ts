import type { FlightContext } from "../../cache/single-flight.ts";
import { ok } from "../../model/result.ts";
import type { Tensor } from "../../model/tensor.ts";
import type { InferDeps } from "../inference.ts";
import { type Asked, type Ended, inferenceOf, noticeBroken, runAlone } from "../run-alone.ts";
import type { JoinRuns } from "./join-runs.ts";
import type { Share, WaitingRow } from "./waiting-rows.ts";

/**
 * Answers a request whose row was put in to be run with others: by its share of such a run, else
 * by a run of its own. The session is not held while the row waits: a request that is gone would
 * hold it for ever. Who finds it gone then is told so, as by `runAlone`.
 */
export async function runJoined(
  deps: InferDeps,
  context: FlightContext,
  joining: JoinRuns,
  asked: Asked,
  row: WaitingRow,
): Promise<Ended | undefined> {
  const { acquired, outputs } = asked;
  const { loaded } = acquired;
  await context.clock.after(0).done;
  if (row.isWaiting) {
    const run = (inputs: readonly Tensor[]) =>
      deps.models.use(loaded, (session) => session.run(inputs, outputs));
    const failure = await joining.lead(loaded, row, run, () => context.clock.now());
    if (failure !== undefined) noticeBroken(deps, loaded, failure);
  }
  const { share } = row;
  if (share === undefined) return runAlone(deps, context, asked);
  count(deps, asked, share, context.clock.now());
  return ok(inferenceOf(acquired, share.outputs, { ...share, startedMs: asked.startedMs }));
}

/** As Triton: the run is one execution, counted with all its rows by the request that led it. */
function count(
  { statistics }: InferDeps,
  { acquired: { loaded }, startedMs }: Asked,
  { ledRows, runAtMs, endedAtMs }: Share,
  nowMs: number,
): void {
  const page = statistics.page(loaded.model, loaded.version);
  const times = { totalMs: nowMs - startedMs, runMs: endedAtMs - runAtMs, nowMs };
  if (ledRows > 0) statistics.succeeded(page, { rows: ledRows, ...times });
  else statistics.joined(page, times);
}
