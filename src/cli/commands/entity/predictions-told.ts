import type { z } from "zod";
import type { predictionCountsSchema } from "../../client/entity-answers.ts";

type Counts = z.output<typeof predictionCountsSchema>;

/** Lines about the predictions on what was finished; none where there are no predictions. */
export function tellPredictions(counts: Counts | undefined): readonly string[] {
  if (counts === undefined || Object.values(counts).every((n) => n === 0)) return [];
  const { settled, unchanged, conflicting, invalid, pending } = counts;
  const told = [`predictions on it: ${settled} settled, ${unchanged} had the outcome before`];
  if (conflicting > 0) {
    told.push(
      `  ${conflicting} keep another outcome, recorded for them: \`freshet outcome set ID VALUE --replace\` changes it`,
    );
  }
  if (invalid > 0)
    told.push(`  ${invalid} cannot have this outcome: their model knows no such answer`);
  if (pending > 0)
    told.push(`  ${pending} to go: the server goes on, and so does the same command`);
  return told;
}

/** Of several entities. */
export function addCounts(a: Counts | undefined, b: Counts | undefined): Counts | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return {
    settled: a.settled + b.settled,
    unchanged: a.unchanged + b.unchanged,
    conflicting: a.conflicting + b.conflicting,
    invalid: a.invalid + b.invalid,
    pending: a.pending + b.pending,
  };
}
