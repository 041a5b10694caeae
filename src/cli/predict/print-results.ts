import { z } from "zod";
import type { Context } from "../context.ts";
import { checkFailure } from "../failure.ts";
import { printable } from "../output/style.ts";
import { renderTable } from "../output/table.ts";
import { plural } from "../output/units.ts";
import { formatValue } from "../output/words.ts";
import { type Result, resultSchema } from "./file/result.ts";
import { lostLines } from "./tell-unrecorded.ts";

/** What `/v1/models/…/predict` answers. */
export const resultsSchema = z.looseObject({
  results: z.array(resultSchema),
  meta: z.looseObject({
    model: z.string(),
    version: z.string(),
    unrecorded: z.number().optional(),
  }),
});

/** What the results are of: the column that tells it, and its cell for the result at a place. */
export interface Asked {
  readonly one: string;
  readonly many: string;
  readonly nameOf: (place: number) => string;
}

/** Prints an answer for each of what was asked. @throws CliFailure when one of them has none */
export function printResults(
  context: Context,
  answer: z.output<typeof resultsSchema>,
  asked: Asked,
): void {
  const { results, meta } = answer;
  context.print(answer, () => {
    const head = context.style.dim(`${meta.model}@${meta.version}`);
    const table = renderResults(context, asked, results);
    return [head, table, ...lostLines(meta.unrecorded ?? 0)].join("\n");
  });
  const failed = results.filter(({ ok }) => !ok).length;
  if (failed === 0) return;
  const all = plural(results.length, asked.one, asked.many);
  const have = failed === 1 ? "has" : "have";
  throw checkFailure("rows_failed", `${failed} of ${all} ${have} no answer`);
}

function renderResults(
  { style, width }: Context,
  { one, nameOf }: Asked,
  results: readonly Result[],
): string {
  const columns = [
    { title: one.toUpperCase() },
    { title: "ANSWER", flexible: true as const },
    { title: "PREDICTION", optional: true as const },
  ];
  const rows = results.map((result, place) => [
    printable(nameOf(place)),
    printable(answerOf(result)),
    result.prediction_id ?? "",
  ]);
  return renderTable(columns, rows, style, width);
}

/** The label with its probability, the value, or why there is none. */
export function answerOf({ label, probabilities = {}, value, outputs, error }: Result): string {
  if (error !== undefined) return error.detail;
  if (label !== undefined) {
    const share = probabilities[label];
    return share === undefined ? label : `${label} ${formatValue(share)}`;
  }
  return formatValue(value ?? outputs);
}
