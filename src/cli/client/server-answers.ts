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
  jobs: z
    .looseObject({ queued: z.number(), running: z.number(), dead: z.number(), status: text })
    .optional(),
});

export type HealthAnswer = z.output<typeof healthSchema>;

const tierSchema = z.looseObject({
  entries: z.number().optional(),
  bytes: z.number().optional(),
  max_bytes: z.number().optional(),
  hits: z.number(),
  misses: z.number(),
  stale: z.number().optional(),
  evictions: z.number().optional(),
  errors: z.number().optional(),
  breaker: text.optional(),
});

export const cacheStatusSchema = z.looseObject({
  isolate: z.looseObject({ models: tierSchema, predictions: tierSchema.nullable() }),
  bytes: tierSchema.nullable(),
  redis: tierSchema.nullable(),
  models: z.array(
    z.looseObject({
      name: text,
      version: text.nullable(),
      memory_bytes: z.number(),
      loaded_at: text.nullable(),
      checked_at: text.nullable(),
      last_used_at: text.nullable(),
      degraded: z.looseObject({ reason: text, detail: text }).optional(),
    }),
  ),
  epoch: z.number().nullable(),
  settings: z.record(text, z.union([z.boolean(), z.number()])),
});

const told = { epoch: z.number().nullable(), reach: text, detail: text };

export const clearedSchema = z.looseObject({ what: text, model: text.optional(), ...told });

const routes = z.record(text, z.record(text, z.number())).nullable();

export const refreshedSchema = z.looseObject({
  results: z.array(
    z.looseObject({
      model: text,
      from: routes,
      to: routes,
      changed: z.boolean(),
      reason: text.optional(),
    }),
  ),
  ...told,
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
