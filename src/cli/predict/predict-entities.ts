import { modelPath } from "../arguments.ts";
import type { Context } from "../context.ts";
import { usageFailure } from "../failure.ts";
import { hasEntities } from "./file/rows-of-document.ts";
import { printResults, resultsSchema } from "./print-results.ts";

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
  await predictBody(context, word, { entities });
}

/**
 * Asks a model with a body of the route's, passed on as it is.
 * @throws CliFailure when something asked about has no answer, after all are printed
 */
export async function predictBody(context: Context, word: string, body: unknown): Promise<void> {
  const path = modelPath(word, "predict");
  const answer = await context.api.call(resultsSchema, "POST", path, body);
  if (!hasEntities(body)) {
    return printResults(context, answer, { one: "row", many: "rows", nameOf: String });
  }
  const nameOf = (place: number) => String(body.entities[place] ?? "");
  printResults(context, answer, { one: "entity", many: "entities", nameOf });
}
