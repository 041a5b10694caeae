import type { MaybePromise } from "../../src/core/model/maybe-promise.ts";
import { fail, ok, type Result } from "../../src/core/model/result.ts";
import { makeTensor, type Tensor } from "../../src/core/model/tensor.ts";
import type { Engine, EngineSession, RunFailure } from "../../src/core/ports/engine.ts";

/** What a test has an engine do. */
export interface RowEngineWays {
  /** It answers by a promise. */
  readonly waits?: boolean;
  /** Its output is one total of all rows, whatever their number. */
  readonly totals?: boolean;
  /** It has memory for so many rows; for more it says so, or throws. */
  readonly mostRows?: number;
  readonly throws?: boolean;
  /** The first dimension of its output, as it tells it. */
  readonly outputRows?: number;
}

/** An engine that adds up rows of any width, refuses NaN, and crashes on infinity. */
export interface RowEngine extends Engine {
  /** Rows of each run, in order, failed ones too. */
  readonly runs: readonly number[];
  readonly opened: number;
}

type Ran = Result<readonly Tensor[], RunFailure>;

export function createRowEngine(ways: RowEngineWays = {}): RowEngine {
  const { waits = false, outputRows = -1 } = ways;
  const runs: number[] = [];
  let opened = 0;
  let generation = 0;
  const run = (born: number, [x]: readonly Tensor[]): Ran => {
    if (x?.datatype !== "FP32") throw new Error("inputs are checked before a run");
    if (born !== generation) return failure("engine_lost");
    const rows = x.shape[0] ?? 0;
    runs.push(rows);
    const outcome = sums(x.data, rows, ways);
    if (!outcome.ok && outcome.failure.reason === "engine_crashed") generation += 1;
    return outcome;
  };
  return {
    runs,
    get opened() {
      return opened;
    },
    restart: async () => undefined,
    memory: () => ({ usedBytes: 0, limitBytes: 1_000_000 }),
    async open() {
      opened += 1;
      const born = generation;
      const session: EngineSession = {
        inputs: [{ name: "x", datatype: "FP32", shape: [-1, -1] }],
        outputs: [
          { name: "sum", datatype: "FP32", shape: [outputRows] },
          { name: "twice", datatype: "FP32", shape: [-1, 1] },
        ],
        memoryBytes: 1,
        run: (inputs, outputs): MaybePromise<Ran> => {
          const answer = () => pick(run(born, inputs), outputs);
          return waits ? Promise.resolve().then(answer) : answer();
        },
        release: async () => undefined,
      };
      return ok(session);
    },
  };
}

function sums(
  data: Float32Array,
  rows: number,
  { totals, mostRows = 1_000, throws }: RowEngineWays,
) {
  if (rows > mostRows) {
    if (throws) throw new Error("the test said so");
    return failure("out_of_memory");
  }
  if (data.some(Number.isNaN)) return failure("rejected_input");
  if (data.includes(Number.POSITIVE_INFINITY)) return failure("engine_crashed");
  const width = data.length / rows;
  const each = Float32Array.from({ length: rows }, (_, row) =>
    data.subarray(row * width, (row + 1) * width).reduce((sum, value) => sum + value, 0),
  );
  const total = Float32Array.of(each.reduce((sum, value) => sum + value, 0));
  return ok([
    makeTensor("sum", "FP32", [totals ? 1 : rows], totals ? total : each),
    makeTensor(
      "twice",
      "FP32",
      [rows, 1],
      each.map((sum) => 2 * sum),
    ),
  ]);
}

const pick = (ran: Ran, names: readonly string[]): Ran =>
  ran.ok ? ok(names.flatMap((name) => ran.value.find((one) => one.name === name) ?? [])) : ran;

const failure = (reason: RunFailure["reason"]) => fail({ reason, detail: "the test said so" });
