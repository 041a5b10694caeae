import { z } from "zod";
import { namedValues } from "../../../core/model/named-values.ts";

const text = z.string();

/** One line of the server's answer. */
export const resultSchema = z.looseObject({
  ok: z.boolean(),
  /** The stream ends here, and the rows after it have no answer. */
  final: z.boolean().optional(),
  prediction_id: text.optional(),
  /** False where there was no room for its record. */
  recorded: z.boolean().optional(),
  label: text.optional(),
  probabilities: z.optional(namedValues),
  value: z.unknown().optional(),
  outputs: z.optional(namedValues),
  error: z.looseObject({ code: text, detail: text }).optional(),
});

export type Result = z.output<typeof resultSchema>;

/** The result of a row that is none. @param row its place, from 0 */
export const failedResult = (row: number, what: string): Result => ({
  ok: false,
  error: { code: "invalid_row", detail: `rows[${row}] ${what}`, path: `rows[${row}]` },
});
