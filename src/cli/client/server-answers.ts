import { z } from "zod";

/** What the server tells of itself, its bucket, its audit and its backup, as far as the commands read it. */

const text = z.string();

export const healthSchema = z.looseObject({
  status: text,
  ready: z.boolean(),
  dependencies: z.record(
    text,
    z.looseObject({
      status: text,
      latency_ms: z.number().optional(),
      reason: text.optional(),
    }),
  ),
  engine: z.looseObject({ used_bytes: z.number(), limit_bytes: z.number() }),
  models: z.looseObject({ loaded: z.number(), bytes: z.number(), budget_bytes: z.number() }),
});

export const storageSchema = z.looseObject({
  models: z.number(),
  versions: z.number(),
  objects: z.number(),
  bytes: z.number(),
  by_model: z.array(z.looseObject({ model: text, versions: z.number(), bytes: z.number() })),
  oldest: z.looseObject({ model: text, version: text, modified_at: text }).optional(),
  unreferenced: z.array(z.looseObject({ model: text, version: text, bytes: z.number() })),
  unfinished: z.array(z.looseObject({ model: text, version: text, bytes: z.number() })),
});

export const auditSchema = z.looseObject({
  items: z.array(
    z.looseObject({
      key: text,
      at: text.optional(),
      actor: text.optional(),
      action: text.optional(),
      model: text.optional(),
      target: text.optional(),
      reason: text.optional(),
      params: z.record(text, z.unknown()).default({}),
    }),
  ),
  next_cursor: text.optional(),
});

export const auditVerdictSchema = z.looseObject({
  ok: z.boolean(),
  entries: z.number(),
  head: z.looseObject({ key: text, sha256: text }).nullable(),
  problems: z.array(z.looseObject({ key: text, problem: text })),
});

const steps = {
  bytes: z.number(),
  done: z.boolean(),
  failures: z.number(),
  failed: z.array(z.looseObject({ key: text, reason: text })),
};

export const backupSchema = z.looseObject({
  ...steps,
  copied: z.number(),
  unchanged: z.number(),
});

export const restoredSchema = z.looseObject({
  ...steps,
  restored: z.number(),
  pointers: z.record(text, text),
});

export const verifiedSchema = z.looseObject({
  verified: z.number(),
  bytes: z.number(),
  done: z.boolean(),
  next: text.optional(),
  failed: z.array(z.looseObject({ model: text, version: text, reason: text })),
  missing: z.array(z.looseObject({ model: text, version: text })),
});
