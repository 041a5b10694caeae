import * as z from "zod/mini";

/** What became of the lease that keeps two isolates from doing one tick. */
const LEASES = ["held", "skipped", "none", "unavailable"] as const;

const count = z.int().check(z.minimum(0));

const failed = z.object({
  /** `*`: the bucket could not be listed. */
  model: z.string(),
  reason: z.string(),
  detail: z.string(),
});

const refreshed = z.object({
  /** Models whose pointer was asked for. */
  checked: count,
  changed: count,
  /** Models that go on with what they had. */
  kept: count,
  /** Pointers that Redis did not have as the bucket has them. */
  announced: count,
  failed: z.array(failed),
});

const warmed = z.object({
  model: z.string(),
  /** The alias, where it leads to no version. */
  version: z.string(),
  ok: z.boolean(),
  duration_ms: z.number(),
  reason: z.optional(z.string()),
  detail: z.optional(z.string()),
});

/** Where a step left off: the last model of the list, the next version to warm. */
const place = z.object({ models: z.optional(z.string()), warm: z.optional(z.string()) });

/** What one firing of a cron did, as it is logged, kept and answered. */
export const tickReportSchema = z.looseObject({
  cron: z.string(),
  /** ISO 8601, UTC: when it began. */
  at: z.iso.datetime(),
  duration_ms: z.number(),
  /**
   * - `held`: this isolate has it.
   * - `skipped`: another one does the work; nothing was done here.
   * - `none`: there is no Redis; only ticks of this isolate exclude one another.
   * - `unavailable`: Redis gave no answer; the work was done all the same.
   */
  lease: z.enum(LEASES),
  refreshed: z.optional(refreshed),
  /** Objects under loaded versions, by what the bucket says of them. */
  objects: z.optional(z.record(z.string(), count)),
  warmed: z.optional(z.array(warmed)),
  resumed_at: z.optional(place),
  stopped_at: z.optional(place),
  /** Predictions that were given the outcome of their entity. */
  settled: z.optional(
    z.object({
      entities: count,
      predictions: count,
      done: z.boolean(),
      failure: z.optional(z.object({ reason: z.string(), detail: z.string() })),
    }),
  ),
  /** The hour's cron: how the backup went. */
  backup: z.optional(
    z.object({
      copied: count,
      unchanged: count,
      bytes: count,
      failures: count,
      done: z.boolean(),
    }),
  ),
  /** The hour's cron: records of predictions that went into the bucket. */
  archive: z.optional(
    z.object({
      records: count,
      objects: count,
      done: z.boolean(),
      failure: z.optional(z.object({ reason: z.string(), detail: z.string() })),
    }),
  ),
});

export type TickReport = z.output<typeof tickReportSchema>;
export type TickLease = TickReport["lease"];
export type RefreshedReport = z.output<typeof refreshed>;
export type WarmedLine = z.output<typeof warmed>;
export type TickPlace = z.output<typeof place>;
