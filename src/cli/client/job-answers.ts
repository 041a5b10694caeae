import { z } from "zod";

/** What the server tells of jobs, as far as the commands read it. */

const text = z.string();

export const jobSchema = z.looseObject({
  id: text,
  model: text,
  version: text,
  strategy: text,
  state: text,
  attempts: z.number(),
  max_attempts: z.number(),
  reason: text.optional(),
  created_at: text,
  due_at: text,
  duration_ms: z.number().optional(),
  request_id: text,
  conversation_id: text.optional(),
  timeline: z.array(z.looseObject({ at: text, event: text, detail: text.optional() })),
});

export type JobAnswer = z.output<typeof jobSchema>;

export const jobsSchema = z.looseObject({
  counts: z.record(text, z.number()),
  oldest_seconds: z.number(),
  duration_ms: z.looseObject({ mean: z.number(), p95: z.number() }),
  items: z.array(jobSchema),
  next_cursor: text.optional(),
});
