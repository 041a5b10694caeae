import { z } from "zod";

/**
 * `models/{name}/versions/{v}/notes.json`: what people say of a version after it was made. The
 * manifest never changes; this does, by compare-and-swap, and what it holds goes before it.
 */
export const notesSchema = z.object({
  /** Missing: those of the manifest. */
  tags: z.record(z.string(), z.string()).optional(),
  description: z.string().optional(),
  /** Why nobody should begin to use it; it is served on. */
  deprecated: z.object({ at: z.iso.datetime(), reason: z.string() }).optional(),
});

export type Notes = z.output<typeof notesSchema>;
