import type { Datatype } from "./datatype.ts";
import { HALF_MAX, numberToHalf } from "./half.ts";
import type { DataOf } from "./tensor.ts";

/** How the elements of one datatype are read from JSON. */
export interface ElementReader<D extends Datatype> {
  /** What an element must be, for a message. */
  readonly expected: string;
  allocate(count: number): DataOf[D];
  /** Puts `leaf` at `offset`; answers the index in `leaf` of the first wrong element, or -1. */
  fill(target: DataOf[D], offset: number, leaf: readonly unknown[]): number;
}

/** JSON has no NaN and no infinities: these three strings stand for them, in and out. */
const WORDS: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
};

type Floats = Float32Array | Float64Array;
type Integers = Int8Array | Int16Array | Int32Array | Uint8Array | Uint16Array | Uint32Array;
type Bigs = BigInt64Array | BigUint64Array;

const FLOAT = "a number, or one of the strings 'NaN', 'Infinity', '-Infinity'";

function fillFloats(target: Floats, offset: number, leaf: readonly unknown[]): number {
  for (let index = 0; index < leaf.length; index += 1) {
    const element = leaf[index];
    if (typeof element === "number") {
      target[offset + index] = element;
      // What JSON wrote as a number is finite: an infinity here is an overflow.
      if (Math.abs(target[offset + index] ?? 0) === Number.POSITIVE_INFINITY) return index;
    } else {
      const word = wordOf(element);
      if (word === undefined) return index;
      target[offset + index] = word;
    }
  }
  return -1;
}

function fillHalves(target: Uint16Array, offset: number, leaf: readonly unknown[]): number {
  for (let index = 0; index < leaf.length; index += 1) {
    const element = leaf[index];
    const isNumber = typeof element === "number";
    if (isNumber && Math.abs(element) >= HALF_MAX + 16) return index;
    const value = isNumber ? element : wordOf(element);
    if (value === undefined) return index;
    target[offset + index] = numberToHalf(value);
  }
  return -1;
}

const wordOf = (element: unknown): number | undefined =>
  typeof element === "string" && Object.hasOwn(WORDS, element) ? WORDS[element] : undefined;

/** Numbers are checked before they are stored: typed arrays wrap silently. */
const integers = <D extends "INT8" | "INT16" | "INT32" | "UINT8" | "UINT16" | "UINT32">(
  min: number,
  max: number,
  allocate: (count: number) => DataOf[D] & Integers,
): ElementReader<D> => ({
  expected: `a whole number from ${min} to ${max}`,
  allocate,
  fill(target, offset, leaf) {
    const cells: Integers = target as Integers;
    for (let index = 0; index < leaf.length; index += 1) {
      const element = leaf[index];
      if (typeof element !== "number" || !Number.isInteger(element)) return index;
      if (element < min || element > max) return index;
      cells[offset + index] = element;
    }
    return -1;
  },
});

const DECIMAL = /^-?\d{1,20}$/;

const bigs = <D extends "INT64" | "UINT64">(
  min: bigint,
  max: bigint,
  allocate: (count: number) => DataOf[D] & Bigs,
): ElementReader<D> => ({
  expected: `a whole number from ${min} to ${max}; past 2^53 write it as a string, since JSON numbers lose digits there`,
  allocate,
  fill(target, offset, leaf) {
    const cells: Bigs = target as Bigs;
    for (let index = 0; index < leaf.length; index += 1) {
      const value = bigOf(leaf[index]);
      if (value === undefined || value < min || value > max) return index;
      cells[offset + index] = value;
    }
    return -1;
  },
});

function bigOf(element: unknown): bigint | undefined {
  if (typeof element === "number")
    return Number.isSafeInteger(element) ? BigInt(element) : undefined;
  return typeof element === "string" && DECIMAL.test(element) ? BigInt(element) : undefined;
}

/** One reader per datatype. */
export const ELEMENT_READERS: { readonly [D in Datatype]: ElementReader<D> } = {
  BOOL: {
    expected: "true or false",
    allocate: (count) => new Uint8Array(count),
    fill(target, offset, leaf) {
      for (let index = 0; index < leaf.length; index += 1) {
        const element = leaf[index];
        if (typeof element !== "boolean") return index;
        target[offset + index] = element ? 1 : 0;
      }
      return -1;
    },
  },
  UINT8: integers(0, 255, (count) => new Uint8Array(count)),
  UINT16: integers(0, 65_535, (count) => new Uint16Array(count)),
  UINT32: integers(0, 4_294_967_295, (count) => new Uint32Array(count)),
  UINT64: bigs(0n, 2n ** 64n - 1n, (count) => new BigUint64Array(count)),
  INT8: integers(-128, 127, (count) => new Int8Array(count)),
  INT16: integers(-32_768, 32_767, (count) => new Int16Array(count)),
  INT32: integers(-2_147_483_648, 2_147_483_647, (count) => new Int32Array(count)),
  INT64: bigs(-(2n ** 63n), 2n ** 63n - 1n, (count) => new BigInt64Array(count)),
  FP16: {
    expected: `${FLOAT}, of magnitude up to ${HALF_MAX}`,
    allocate: (count) => new Uint16Array(count),
    fill: fillHalves,
  },
  FP32: {
    expected: `${FLOAT}, within binary32`,
    allocate: (count) => new Float32Array(count),
    fill: fillFloats,
  },
  FP64: { expected: FLOAT, allocate: (count) => new Float64Array(count), fill: fillFloats },
  BYTES: {
    expected: "a string without U+0000",
    allocate: (count) => new Array<string>(count).fill(""),
    fill(target, offset, leaf) {
      // The datatype's array is read-only to everyone but its maker.
      const cells = target as string[];
      for (let index = 0; index < leaf.length; index += 1) {
        const element = leaf[index];
        // The engine cuts strings at U+0000.
        if (typeof element !== "string" || element.includes("\0")) return index;
        cells[offset + index] = element;
      }
      return -1;
    },
  },
};
