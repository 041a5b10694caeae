import * as z from "zod/mini";
import { tensorSpec } from "../../model/manifest.ts";
import { parseText } from "../../model/parse-text.ts";
import { type PremiumStrategy, premiumSchema } from "../../model/strategies.ts";
import type { Tensor, TensorSpec } from "../../model/tensor.ts";
import {
  readTensorDocument,
  tensorDocument,
  writeTensorDocument,
} from "../../model/tensor-document.ts";

/**
 * Everything that a premium answer takes, from the request that asked for it: plain data, which
 * may be worked on by any isolate, long after the request.
 */
export interface PremiumWork {
  /** The version that answers at once. */
  readonly model: string;
  readonly version: string;
  readonly digest: string;
  /** By which it was chosen: `production:2`. */
  readonly route: string;
  readonly requestId: string;
  readonly strategy: PremiumStrategy;
  readonly inputs: readonly Tensor[];
  /** Names of the outputs, in the order of the answer. */
  readonly outputs: readonly string[];
  /** Of the version that answers at once. */
  readonly inputSpecs: readonly TensorSpec[];
  readonly outputSpecs: readonly TensorSpec[];
  readonly classes: readonly string[];
  /** How long the answer counts as fresh, and may be answered after that. */
  readonly ttlMs: number;
  readonly staleMs: number;
  /** Where the answer is kept in Redis; missing without Redis. */
  readonly redisKey?: string | undefined;
  /** There is an answer past its time: what was computed before this moment is no answer to this. */
  readonly newerThanMs: number;
}

/** How long an answer counts as fresh, in milliseconds: what was dear to come by, longer than what a run makes again. */
export const premiumTtlMs = ({ ttl_ms = 3_600_000 }: PremiumStrategy): number => ttl_ms;

const workSchema = z.object({
  schema: z.literal(1),
  model: z.string(),
  version: z.string(),
  digest: z.string(),
  route: z.string(),
  request_id: z.string(),
  strategy: premiumSchema(),
  inputs: z.array(tensorDocument),
  outputs: z.array(z.string()),
  input_specs: z.array(tensorSpec),
  output_specs: z.array(tensorSpec),
  classes: z.array(z.string()),
  ttl_ms: z.number(),
  stale_ms: z.number(),
  redis_key: z.string(),
  newer_than_ms: z.number(),
});

/** The work of a job, as the queue keeps it. */
export const writeWork = (work: PremiumWork & { readonly redisKey: string }): string =>
  JSON.stringify({
    schema: 1,
    model: work.model,
    version: work.version,
    digest: work.digest,
    route: work.route,
    request_id: work.requestId,
    strategy: work.strategy,
    inputs: work.inputs.map(writeTensorDocument),
    outputs: work.outputs,
    input_specs: work.inputSpecs,
    output_specs: work.outputSpecs,
    classes: work.classes,
    ttl_ms: work.ttlMs,
    stale_ms: work.staleMs,
    redis_key: work.redisKey,
    newer_than_ms: work.newerThanMs,
  });

/** `undefined` for what this version of Freshet cannot read. */
export function readWork(text: string): (PremiumWork & { readonly redisKey: string }) | undefined {
  const read = z.safeParse(workSchema, parseText(text));
  if (!read.success) return undefined;
  const { request_id, input_specs, output_specs, ttl_ms, stale_ms, redis_key, ...rest } = read.data;
  const inputs: Tensor[] = [];
  for (const document of rest.inputs) {
    const tensor = readTensorDocument(document);
    if (tensor === undefined) return undefined;
    inputs.push(tensor);
  }
  const { model, version, digest, route, strategy, outputs, classes, newer_than_ms } = rest;
  return {
    model,
    version,
    digest,
    route,
    requestId: request_id,
    strategy,
    inputs,
    outputs,
    inputSpecs: input_specs,
    outputSpecs: output_specs,
    classes,
    ttlMs: ttl_ms,
    staleMs: stale_ms,
    redisKey: redis_key,
    newerThanMs: newer_than_ms,
  };
}
