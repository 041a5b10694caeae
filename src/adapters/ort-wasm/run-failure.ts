import type { RunFailure } from "../../core/ports/engine.ts";
import { BadTensor, EngineBroken, MemoryFull, OrtError } from "./engine-error.ts";

/**
 * Words a failed run for a caller. Of the engine's message only known facts are taken
 * over, never its text: that holds paths of its build and changes with its version.
 * @throws the error itself when it is no failure of a run
 */
export function toRunFailure(cause: unknown): RunFailure {
  if (cause instanceof EngineBroken) {
    const reason = cause.justNow ? "engine_crashed" : "engine_lost";
    return { reason, detail: "the engine crashed on these values; it starts anew", cause };
  }
  if (cause instanceof BadTensor) {
    return { reason: "rejected_input", detail: cause.message, cause };
  }
  // A number is a C++ exception that passed all handlers; only a full memory does that.
  if (cause instanceof MemoryFull || typeof cause === "number") return outOfMemory(cause);
  if (!(cause instanceof OrtError)) throw cause;
  if (OUT_OF_MEMORY.test(cause.message)) return outOfMemory(cause);
  return { reason: "rejected_input", detail: explain(cause.message), cause };
}

/** What the engine says when an allocation fails, or when a size does not even fit a number. */
export const OUT_OF_MEMORY =
  /bad_alloc|Failed to allocate|Tensor shape is too large|Integer overflow/;

const outOfMemory = (cause: unknown): RunFailure => ({
  reason: "out_of_memory",
  detail: "these inputs need more memory than the engine has",
  cause,
});

type Explanation = readonly [pattern: RegExp, explain: (...found: string[]) => string];

const EXPLANATIONS: readonly Explanation[] = [
  [
    /^Got invalid dimensions for input: (.*) for the following indices\s+index: (\d+) Got: (-?\d+) Expected: (-?\d+)/s,
    (name, axis, got, expected) =>
      `input '${name}': dimension ${axis} is ${got}, the model takes ${expected}`,
  ],
  [
    /^Invalid rank for input: (.*) Got: (\d+) Expected: (\d+)/s,
    (name, got, expected) => `input '${name}': rank is ${got}, the model takes ${expected}`,
  ],
  [
    /^Unexpected input data type. Actual: \(tensor\((\w+)\)\) , expected: \(tensor\((\w+)\)\)/,
    (got, expected) => `an input is of type ${got}, the model takes ${expected}`,
  ],
  [
    /indices element out of data bounds, idx=(-?\d+) must be within the inclusive range \[(-?\d+),(-?\d+)\]/,
    (index, from, to) => `an index is ${index}, the graph takes ${from} to ${to} there`,
  ],
  [
    /Attempting to broadcast an axis by a dimension other than 1\. (\d+) by (\d+)/,
    (left, right) => `dimensions ${left} and ${right} of two tensors do not go together`,
  ],
  [
    /cannot be reshaped to the requested shape\. Input shape:\{([\d,]*)\}, requested shape:\{([-\d,]*)\}/,
    (from, to) => `a tensor of shape [${from}] cannot be reshaped to [${to}]`,
  ],
  [/Integer division by zero/, () => "the graph divides a whole number by zero"],
  [/sto\w+: (no conversion|out of range)/, () => "a text is not a number that the graph can read"],
];

const OPERATOR = /while running (\w+) node/;

function explain(message: string): string {
  for (const [pattern, text] of EXPLANATIONS) {
    const found = pattern.exec(message);
    if (found !== null) return text(...found.slice(1));
  }
  const operator = OPERATOR.exec(message)?.[1];
  return operator === undefined
    ? "the graph cannot run on these values or dimensions"
    : `the graph's ${operator} operator cannot run on these values or dimensions`;
}
