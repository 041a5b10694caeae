import { z } from "zod";

const text = z.string();

/** One line of the server's answer. */
export const resultSchema = z.looseObject({
  ok: z.boolean(),
  /** The stream ends here, and the rows after it have no answer. */
  final: z.boolean().optional(),
  prediction_id: text.optional(),
  label: text.optional(),
  probabilities: z.record(text, z.unknown()).optional(),
  value: z.unknown().optional(),
  outputs: z.record(text, z.unknown()).optional(),
  error: z.looseObject({ code: text, detail: text }).optional(),
});

export type Result = z.output<typeof resultSchema>;
