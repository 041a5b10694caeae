import * as z from "zod/mini";
import { namedNumbers, namedValues } from "./named-values.ts";

const text = z.string();

/** What one row was answered. An outcome can be held against a class or a number. */
const recordedOutput = z.object({
  /** The class that was answered. */
  label: z.optional(text),
  /** By class name. */
  probabilities: z.optional(namedNumbers),
  /** Of a regression. */
  value: z.optional(z.number()),
  /** Its digits, where a number of JSON loses some: an integer past 2^53; or NaN and the infinities. */
  exact_value: z.optional(text),
  /** Outputs that are none of these, by name: one value or a flat list each. */
  outputs: z.optional(namedValues),
});

/** An entity that a prediction was made on. */
const entityKey = z.object({ type: text, id: text });

/**
 * One answered row, kept so that its outcome can be recorded. Never changed once it is written;
 * the outcome is kept beside it.
 */
export const predictionRecordSchema = z.object({
  id: text,
  /** ISO 8601, UTC: when it was answered. Its day is the one it counts for. */
  at: z.iso.datetime(),
  model: text,
  version: text,
  digest: text,
  /** `production:2`, or the bare version. */
  route: text,
  strategy: text,
  /** SHA-256 of the inputs in their canonical form, whatever the version. */
  input_digest: text,
  /** Only where the deployment's `record.log_inputs` says so. */
  inputs: z.optional(z.unknown()),
  /** They were over 32 KB as JSON. */
  inputs_omitted: z.optional(z.boolean()),
  output: recordedOutput,
  /** A part of the answer was too large: outputs, a label, or the probabilities of very many classes. */
  output_omitted: z.optional(z.boolean()),
  /** Of one that answered several rows at once: how many. No outcome can be held against it. */
  rows: z.optional(z.int()),
  /** 0 to 1: the largest probability. */
  confidence: z.optional(z.number()),
  /** Where the answer was kept; `none`: it was computed. */
  tier: text,
  entity: z.optional(entityKey),
});

/** What turned out to be true: a class's name, or a number. */
export const outcomeSchema = z.object({
  value: z.union([text, z.number(), z.boolean()]),
  /** ISO 8601, UTC: when it was so, as the caller says; else when it was recorded. */
  at: z.iso.datetime(),
  /** It came with the outcome of the prediction's entity, and goes with it. */
  by: z.optional(z.literal("entity")),
});

export type RecordedOutput = z.output<typeof recordedOutput>;
export type EntityKey = z.output<typeof entityKey>;
export type PredictionRecord = z.output<typeof predictionRecordSchema>;
export type Outcome = z.output<typeof outcomeSchema>;
export type OutcomeValue = Outcome["value"];

/** What a record counts for: one set of counters each. */
export interface RecordGroup {
  readonly model: string;
  readonly version: string;
  readonly strategy: string;
  readonly route: string;
  /** `2026-11-28`, UTC. */
  readonly day: string;
}

/** The group of a record: of the day on which it was answered, whenever its outcome comes. */
export const groupOf = ({
  model,
  version,
  strategy,
  route,
  at,
}: PredictionRecord): RecordGroup => ({
  model,
  version,
  strategy,
  route,
  day: at.slice(0, 10),
});
