import { addTo, type Counters, countOf } from "./counters.ts";
import { addExact, exactOf, sumOf } from "./exact-sum.ts";

const BINS = 10;

/** Of the answers whose confidence lies in one tenth: how sure they were, and how often right. */
export interface CalibrationBin {
  readonly from: number;
  readonly to: number;
  readonly n: number;
  /** Mean; missing in an empty bin. */
  readonly confidence?: number;
  readonly accuracy?: number;
}

export interface Calibration {
  readonly bins: readonly CalibrationBin[];
  /** Outcomes of answers with a confidence: those that are in the bins. */
  readonly n: number;
  /** Expected calibration error: the mean of |accuracy − confidence|, bins weighted by their answers. */
  readonly ece: number;
}

/** Counts one answer by its confidence, 0 to 1; the upper end belongs to the last bin. */
export function addCalibration(
  into: Map<string, bigint>,
  confidence: number,
  isCorrect: boolean,
): void {
  const bin = Math.min(BINS - 1, Math.max(0, Math.floor(confidence * BINS)));
  addTo(into, `cal:${bin}:n`, 1n);
  if (isCorrect) addTo(into, `cal:${bin}:hit`, 1n);
  addExact(into, `cal:${bin}:conf`, exactOf(confidence));
}

/** `undefined` where no answer with a confidence was counted. */
export function readCalibration(counters: Counters): Calibration | undefined {
  const bins = Array.from({ length: BINS }, (_, bin) => readBin(counters, bin));
  const n = bins.reduce((sum, bin) => sum + bin.n, 0);
  if (n === 0) return undefined;
  const off = bins.reduce(
    (sum, bin) => sum + bin.n * Math.abs((bin.accuracy ?? 0) - (bin.confidence ?? 0)),
    0,
  );
  return { n, bins, ece: off / n };
}

function readBin(counters: Counters, bin: number): CalibrationBin {
  const n = countOf(counters, `cal:${bin}:n`);
  const edges = { from: bin / BINS, to: (bin + 1) / BINS, n };
  if (n === 0) return edges;
  return {
    ...edges,
    confidence: sumOf(counters, `cal:${bin}:conf`) / n,
    accuracy: countOf(counters, `cal:${bin}:hit`) / n,
  };
}
