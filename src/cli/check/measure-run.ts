import type { Datatype } from "../../core/model/datatype.ts";
import { readJsonTensor } from "../../core/model/json-tensor.ts";
import { type Bytes, elementCount, type Tensor, type TensorSpec } from "../../core/model/tensor.ts";
import type { Engine, EngineSession } from "../../core/ports/engine.ts";

const RUNS = 15;
const WARM_UP_RUNS = 3;
/** Past this, one run says enough. */
const ENOUGH_MS = 500;
const MAX_ELEMENTS = 1_000_000;

/** Median milliseconds of a run with one row of zeros; `undefined` when the model does not take them. */
export async function measureRun(engine: Engine, bytes: Bytes): Promise<number | undefined> {
  const opened = await engine.open(bytes);
  if (!opened.ok) return undefined;
  const session = opened.value;
  try {
    const inputs = session.inputs.map(zeros);
    const known = inputs.filter((input) => input !== undefined);
    return known.length === inputs.length ? await medianMs(session, known) : undefined;
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

/** Open dimensions are taken as 1: one row. */
function zeros({ name, datatype, shape }: TensorSpec): Tensor | undefined {
  const closed = shape.map((size) => (size < 0 ? 1 : size));
  const count = elementCount(closed);
  if (count === undefined || count > MAX_ELEMENTS) return undefined;
  const head = { name, datatype, shape: closed, count, path: name };
  const tensor = readJsonTensor(head, new Array<unknown>(count).fill(zeroOf(datatype)));
  return tensor.ok ? tensor.value : undefined;
}

function zeroOf(datatype: Datatype): unknown {
  if (datatype === "BOOL") return false;
  return datatype === "BYTES" ? "" : 0;
}
