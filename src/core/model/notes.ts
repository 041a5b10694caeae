import * as z from "zod/mini";

/**
 * `models/{name}/versions/{v}/notes.json`: what people say of a version after it was made. The
 * manifest never changes; this does, by compare-and-swap, and what it holds goes before it.
 */
export const notesSchema = z.object({
  /** Missing: those of the manifest. */
  tags: z.optional(z.record(z.string(), z.string())),
  /** Missing: the manifest's. `null`: none, whatever the manifest says. */
  description: z.optional(z.nullable(z.string())),
  /** Why nobody should begin to use it; it is served on. */
  deprecated: z.optional(z.object({ at: z.iso.datetime(), reason: z.string() })),
});

export type Notes = z.output<typeof notesSchema>;
