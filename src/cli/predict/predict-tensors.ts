import type { z } from "zod";
import type { Reference } from "../../core/model/reference.ts";
import { selectorOf } from "../arguments.ts";
import { inferenceSchema, metadataSchema, versionSchema } from "../client/answers.ts";
import type { Context } from "../context.ts";
import { printable } from "../output/style.ts";
import { renderTable } from "../output/table.ts";
import { formatValue } from "../output/words.ts";
import type { Given } from "./read-input.ts";
import { toRequest } from "./to-request.ts";

/** Asks a model over the Open Inference Protocol and prints its outputs, row by row. */
export async function predictTensors(
  context: Context,
  reference: Reference,
  given: Given,
): Promise<void> {
  const path = pathOf(reference);
  const inputs = "inputs" in given ? [] : (await context.api.get(metadataSchema, path)).inputs;
  const request = toRequest(given, inputs, []);
  const answer = await context.api.call(inferenceSchema, "POST", `${path}/infer`, request);
  context.print(answer, () => renderAnswer(context, answer));
}

/**
 * Names of the features in the model's order.
 * @returns `undefined` when they cannot be read: the token may be one for predictions alone
 */
export async function featuresOf(
  { api }: Context,
  reference: Reference,
): Promise<readonly string[] | undefined> {
  const { status, body } = await api.ask(pathOf(reference));
  const metadata = metadataSchema.safeParse(status === 200 ? body : undefined);
  if (!metadata.success) return undefined;
  const { version } = metadata.data.parameters;
  const path = `/v1/models/${encodeURIComponent(reference.model)}/versions/${version}`;
  const told = await api.ask(path);
  const described = versionSchema.safeParse(told.status === 200 ? told.body : undefined);
  return described.success ? described.data.features.map(({ name }) => name) : undefined;
}

const pathOf = (reference: Reference): string =>
  `/v2/models/${encodeURIComponent(reference.model)}/versions/${encodeURIComponent(selectorOf(reference))}`;

function renderAnswer({ style, width }: Context, answer: z.output<typeof inferenceSchema>): string {
  const { model_name, model_version, outputs } = answer;
  const rowCount = Math.max(0, ...outputs.map(({ shape }) => shape[0] ?? 1));
  const columns = [
    { title: "ROW", align: "right" as const },
    ...outputs.map(({ name }) => ({ title: printable(name), flexible: true as const })),
  ];
  const rows = Array.from({ length: rowCount }, (_, row) => [
    String(row + 1),
    ...outputs.map(({ data }) => cellOf(data, row, rowCount)),
  ]);
  const head = style.dim(`${model_name}@${model_version}`);
  return `${head}\n${renderTable(columns, rows, style, width)}`;
}

/** The part of an output that belongs to a row: outputs are row-major, rows first. */
function cellOf(data: readonly unknown[], row: number, rowCount: number): string {
  const size = Math.floor(data.length / rowCount);
  return data
    .slice(row * size, (row + 1) * size)
    .map(formatValue)
    .join(" ");
}
