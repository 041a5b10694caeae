import type { Bytes, Tensor } from "../../core/model/tensor.ts";
import { zeroRow } from "../../core/model/zero-row.ts";
import type { Engine, EngineSession } from "../../core/ports/engine.ts";

const RUNS = 15;
const WARM_UP_RUNS = 3;
/** Past this, one run says enough. */
const ENOUGH_MS = 500;

/** Median milliseconds of a run with one row of zeros; `undefined` when the model does not take them. */
export async function measureRun(engine: Engine, bytes: Bytes): Promise<number | undefined> {
  const opened = await engine.open(bytes);
  if (!opened.ok) return undefined;
  const session = opened.value;
  try {
    const inputs = zeroRow(session.inputs);
    return inputs === undefined ? undefined : await medianMs(session, inputs);
  } finally {
    await session.release();
  }
}

async function medianMs(
  session: EngineSession,
  inputs: readonly Tensor[],
): Promise<number | undefined> {
  const outputs = session.outputs.map(({ name }) => name);
  const took: number[] = [];
  for (let run = 0; run < WARM_UP_RUNS + RUNS; run += 1) {
    const startedMs = performance.now();
    const ran = await session.run(inputs, outputs);
    if (!ran.ok) return undefined;
    const tookMs = performance.now() - startedMs;
    if (tookMs > ENOUGH_MS) return tookMs;
    if (run >= WARM_UP_RUNS) took.push(tookMs);
  }
  return took.sort((a, b) => a - b)[Math.floor(took.length / 2)];
}
