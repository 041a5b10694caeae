import { ELEMENT, encodeModel, node } from "./onnx-encoder.ts";

/** A model that answers each row by the row itself: `x` and `y`, `[rows, 4] float32`. */
export const numberedModel = () =>
  encodeModel({
    nodes: [node("Identity", ["x"], ["y"])],
    inputs: [{ name: "x", type: ELEMENT.FP32, shape: [null, 4] }],
    outputs: [{ name: "y", type: ELEMENT.FP32, shape: [null, 4] }],
  });

/** float32 holds whole numbers up to 2^24: a row's number is told in two parts. */
const PART = 1_000_000;
/** Of so many rows the last one is wrong: an error has its place among the answers as well. */
const WRONG_EVERY = 997;

const isWrong = (row: number): boolean => row % WRONG_EVERY === WRONG_EVERY - 1;

/** The four values of a number's row; the first one of a wrong row is a text. */
export const numberedCells = (row: number): readonly (number | string)[] =>
  isWrong(row) ? ["none", 0, 0, 0] : [row % PART, Math.floor(row / PART), row % 7, 0.5];

/** The same as a line of JSON, without its end. */
export function numberedLine(row: number): string {
  const [f0, f1, f2, f3] = numberedCells(row);
  return `{"f0":${isWrong(row) ? '"none"' : f0},"f1":${f1},"f2":${f2},"f3":${f3}}`;
}

const answerTo = (row: number): string => `"outputs":{"y":[${numberedCells(row).join(",")}]}}`;

/** Whether a line is the result of the row at `place`, which has the number `row`. */
function isAnswerTo(line: string, place: number, row: number): boolean {
  return isWrong(row)
    ? line.startsWith('{"ok":false,') && line.includes(`"path":"rows[${place}].f0"`)
    : line.startsWith('{"ok":true,"prediction_id":"') && line.endsWith(answerTo(row));
}

/** Reads lines of results as they come, and holds none of them. */
export interface OrderCheck {
  /** @throws at the first line that is not the answer of the row that is next */
  push(piece: Uint8Array): void;
  /** Rows that were answered. */
  readonly rows: number;
}

/**
 * Checks that numbered rows are answered each by its own answer, one after the other.
 * @param rowAt the number of the row at a place
 */
export function createOrderCheck(rowAt: (place: number) => number = (place) => place): OrderCheck {
  const decoder = new TextDecoder("latin1");
  let rest = "";
  let rows = 0;
  return {
    push(piece) {
      const lines = (rest + decoder.decode(piece)).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (!isAnswerTo(line, rows, rowAt(rows))) {
          throw new Error(`row ${rows} was answered by ${line.slice(0, 300)}`);
        }
        rows += 1;
      }
    },
    get rows() {
      return rows;
    },
  };
}
