import { z } from "zod";
import { modelPath } from "../arguments.ts";
import type { Context } from "../context.ts";
import { checkFailure, usageFailure } from "../failure.ts";
import { printable } from "../output/style.ts";
import { renderTable } from "../output/table.ts";
import { formatValue } from "../output/words.ts";
import { type Result, resultSchema } from "./file/result.ts";

const answerSchema = z.looseObject({
  results: z.array(resultSchema),
  meta: z.looseObject({ model: z.string(), version: z.string() }),
});

/**
 * Asks a model about stored entities and prints an answer for each.
 * @param list `match:1,match:2`: neither types nor ids have commas
 * @throws CliFailure when one of them has no answer, after all are printed
 */
export async function predictEntities(context: Context, word: string, list: string): Promise<void> {
  const entities = list.split(",").map((entity) => entity.trim());
  if (entities.includes("")) {
    throw usageFailure("--entities has an empty place", "Write it as match:1,match:2.");
  }
  const path = modelPath(word, "predict");
  const answer = await context.api.call(answerSchema, "POST", path, { entities });
  const { results, meta } = answer;
  context.print(answer, () => {
    const head = context.style.dim(`${meta.model}@${meta.version}`);
    return `${head}\n${renderResults(context, entities, results)}`;
  });
  const failed = results.filter(({ ok }) => !ok).length;
  if (failed > 0) {
    throw checkFailure("rows_failed", `${failed} of ${results.length} entities have no answer`);
  }
}

function renderResults(
  { style, width }: Context,
  entities: readonly string[],
  results: readonly Result[],
): string {
  const columns = [
    { title: "ENTITY" },
    { title: "ANSWER", flexible: true as const },
    { title: "PREDICTION", optional: true as const },
  ];
  const rows = results.map((result, place) => [
    printable(entities[place] ?? ""),
    printable(answerOf(result)),
    result.prediction_id ?? "",
  ]);
  return renderTable(columns, rows, style, width);
}

/** The label with its probability, the value, or why there is none. */
function answerOf({ label, probabilities = {}, value, outputs, error }: Result): string {
  if (error !== undefined) return error.detail;
  if (label !== undefined) {
    const share = probabilities[label];
    return share === undefined ? label : `${label} ${formatValue(share)}`;
  }
  return formatValue(value ?? outputs);
}
