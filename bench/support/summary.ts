import type { Contender, Requirement, ScenarioResult } from "./result.ts";
import { median, round } from "./statistics.ts";

/** A contender's row of the table. */
export interface Summary {
  readonly name: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly details: Readonly<Record<string, number>>;
  readonly against?: string;
  /** Median of the ratios of the rounds; missing with `against`. */
  readonly ratio?: number;
}

/** @throws when a contender is against one that the scenario does not have */
export function summarize({ contenders }: ScenarioResult): readonly Summary[] {
  return contenders.map((contender) => {
    const { name, values, details, against } = contender;
    const medians = Object.entries(details).map(([column, own]) => [column, round(median(own), 2)]);
    const row = {
      name,
      median: round(median(values), 2),
      min: round(Math.min(...values), 2),
      max: round(Math.max(...values), 2),
      details: Object.fromEntries(medians),
    };
    if (against === undefined) return row;
    return { ...row, against, ratio: ratioOf(contender, find(contenders, against)) };
  });
}

/** Whether the required ratio was reached; nothing required counts as reached. */
export function isMet(summary: readonly Summary[], requirement: Requirement | undefined): boolean {
  if (requirement === undefined) return true;
  const { contender, ratio, is } = requirement;
  const reached = summary.find(({ name }) => name === contender)?.ratio;
  if (reached === undefined) throw new Error(`'${contender}' has no ratio`);
  return is === "at least" ? reached >= ratio : reached <= ratio;
}

function find(contenders: readonly Contender[], wanted: string): Contender {
  const found = contenders.find(({ name }) => name === wanted);
  if (found === undefined) throw new Error(`there is no contender '${wanted}'`);
  return found;
}

/** Rounds are interleaved: each value is compared with its neighbour. */
const ratioOf = ({ values }: Contender, baseline: Contender): number =>
  round(median(values.map((value, index) => value / (baseline.values[index] ?? Number.NaN))), 3);
