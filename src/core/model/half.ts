/** IEEE 754 binary16 as raw bits, for hosts without a Float16Array. */

const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

/** Largest finite binary16 value; past halfway to the next step a number rounds to infinity. */
export const HALF_MAX = 65504;

/** The value of binary16 bits; exact. */
export function halfToNumber(bits: number): number {
  const sign = (bits & 0x8000) === 0 ? 1 : -1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Binary16 bits of a number, rounded to nearest, ties to even. */
export function numberToHalf(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude === Number.POSITIVE_INFINITY) return sign | 0x7c00;
  if (magnitude < 2 ** -14) return sign | roundToEven(magnitude * 2 ** 24);
  const exponent = exponentOf(magnitude);
  const steps = roundToEven((magnitude / 2 ** exponent - 1) * 1024);
  // A fraction that rounds up to 1024 carries into the exponent, and past the largest into infinity.
  const bits = ((exponent + 15) << 10) + steps;
  return sign | Math.min(bits, 0x7c00);
}

function exponentOf(magnitude: number): number {
  scratch[0] = magnitude;
  const exponent = (((scratchBits[0] ?? 0) >> 23) & 0xff) - 127;
  // Rounding to binary32 may have reached the next power of two.
  return magnitude < 2 ** exponent ? exponent - 1 : Math.min(exponent, 16);
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest > 0.5 || (rest === 0.5 && floor % 2 === 1)) return floor + 1;
  return floor;
}
