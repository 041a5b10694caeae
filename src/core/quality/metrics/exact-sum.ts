import { addTo, type Counters } from "./counters.ts";

/** Bits of one limb. A limb's sum stays under 2^53, which every store counts exactly, for 2^29 terms. */
const LIMB_BITS = 24;
const LIMB = 1n << BigInt(LIMB_BITS);

/** A number as `mantissa × 2^exponent`, exactly. */
export interface Exact {
  readonly mantissa: bigint;
  readonly exponent: number;
}

/** Takes a finite float64 apart (IEEE 754, section 3.4). */
export function exactOf(value: number): Exact {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const power = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xf_ffff_ffff_ffffn;
  // Subnormal numbers have no hidden bit.
  const mantissa = power === 0 ? fraction : fraction | (1n << 52n);
  return { mantissa: value < 0 ? -mantissa : mantissa, exponent: Math.max(power, 1) - 1075 };
}

/** The square, without rounding: 106 bits where a float64 has 53. */
export function exactSquare(value: number): Exact {
  const { mantissa, exponent } = exactOf(value);
  return { mantissa: mantissa * mantissa, exponent: 2 * exponent };
}

/**
 * Adds an exact number to counters: `{name}:{k}` are whole numbers that count 2^(24k) each. No
 * bit is rounded away, so sums do not depend on their order, and a term taken out again leaves
 * what was there before. A float64 touches at most four of them, its square six.
 */
export function addExact(
  into: Map<string, bigint>,
  name: string,
  { mantissa, exponent }: Exact,
): void {
  const lowest = Math.floor(exponent / LIMB_BITS);
  let rest = (mantissa < 0n ? -mantissa : mantissa) << BigInt(exponent - lowest * LIMB_BITS);
  for (let limb = lowest; rest > 0n; limb += 1) {
    const part = rest % LIMB;
    if (part !== 0n) addTo(into, `${name}:${limb}`, mantissa < 0n ? -part : part);
    rest /= LIMB;
  }
}

/** The exact sum of everything that was added under a name. */
export function readExact(counters: Counters, name: string): Exact {
  const prefix = `${name}:`;
  const limbs: [number, bigint][] = [];
  for (const [field, sum] of counters) {
    if (field.startsWith(prefix)) limbs.push([Number(field.slice(prefix.length)), sum]);
  }
  const lowest = limbs.reduce((least, [limb]) => Math.min(least, limb), 0);
  const mantissa = limbs.reduce(
    (sum, [limb, part]) => sum + (part << BigInt((limb - lowest) * LIMB_BITS)),
    0n,
  );
  return { mantissa, exponent: lowest * LIMB_BITS };
}

/** The float64 nearest to an exact number, or the one beside it. */
export function toNumber({ mantissa, exponent }: Exact): number {
  const size = (mantissa < 0n ? -mantissa : mantissa).toString(2).length;
  // 64 bits are kept: more than the answer has, few enough for any power of two.
  const surplus = Math.max(0, size - 64);
  const power = exponent + surplus;
  const scaled = Number(mantissa >> BigInt(surplus));
  // In two steps: 2^-1100 alone would be 0.
  const half = Math.trunc(power / 2);
  return scaled * 2 ** half * 2 ** (power - half);
}

/** The sum under a name as a number. */
export const sumOf = (counters: Counters, name: string): number =>
  toNumber(readExact(counters, name));

/**
 * `Σ(x − mean)²` from exact sums of x and x²: the subtraction, in which floating point would lose
 * all its digits when the values are large and close together, is done in whole numbers.
 */
export function sumOfSquaredDeviations(sum: Exact, squares: Exact, count: number): number {
  if (count === 0) return 0;
  const exponent = Math.min(2 * sum.exponent, squares.exponent);
  const sumSquared = (sum.mantissa * sum.mantissa) << BigInt(2 * sum.exponent - exponent);
  const squaresTimesN = (squares.mantissa * BigInt(count)) << BigInt(squares.exponent - exponent);
  return toNumber({ mantissa: squaresTimesN - sumSquared, exponent }) / count;
}
