import * as z from "zod/mini";

/**
 * How an answer was come by: `fast` by the version that the route names, `premium` by the slower
 * model beside it. `unknown`: whoever kept it did not say.
 */
export const STRATEGIES = ["fast", "premium", "unknown"] as const;
export type Strategy = (typeof STRATEGIES)[number];

// Functions: most isolates meet no strategy, and a cold start pays for every schema that is made.

const milliseconds = (max: number) => z.int().check(z.minimum(1), z.maximum(max));

const httpUrl = () =>
  z
    .string()
    .check(z.regex(/^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/, "not an http(s) URL without query"));

/** Only these may be named by a deployment: whoever writes one must not read the Worker's other secrets. */
export const SECRET_NAME = /^FRESHET_SECRET_[A-Z0-9_]{1,64}$/;

const secret = () =>
  z.optional(z.string().check(z.regex(SECRET_NAME, "not a name such as FRESHET_SECRET_GPU")));

const commonFields = () => ({
  /** Of one attempt; left out: PREMIUM_TIMEOUT_MS. */
  timeout_ms: z.optional(milliseconds(600_000)),
  /** How often it is tried before it is given up as dead. */
  attempts: z._default(z.int().check(z.minimum(1), z.maximum(20)), 3),
  /** Pause before the second attempt, doubled with each further one. */
  backoff_ms: z._default(milliseconds(3_600_000), 1_000),
  /** `background`: a caller never waits for it. `race`: for up to `race_ms`. */
  mode: z._default(z.enum(["background", "race"]), "background"),
  race_ms: z.optional(milliseconds(30_000)),
  /** Attempts that run at the same time, in all isolates together. */
  max_concurrency: z._default(z.int().check(z.minimum(1), z.maximum(1_000)), 4),
  /** Attempts begun per minute, in all isolates together; left out: as many as come. */
  rate_per_minute: z.optional(z.int().check(z.minimum(1), z.maximum(1_000_000))),
  /** How long its answer counts as fresh; left out: an hour. */
  ttl_ms: z.optional(milliseconds(365 * 24 * 3_600_000)),
  /** JSON Schema (2020-12) of the answer: `{output name: [elements, row-major]}`. */
  schema: z.optional(z.record(z.string(), z.unknown())),
});

/** Another model of this registry, run in the isolate. */
const modelFields = () => ({
  kind: z.literal("model"),
  /** `digits-mlp@2`, `digits-large@production`. */
  reference: z.string().check(z.minLength(1), z.maxLength(256)),
  ...commonFields(),
});

/** A server of the Open Inference Protocol. */
const oipFields = () => ({
  kind: z.literal("oip"),
  /** What stands before `/v2/models/…`. */
  url: httpUrl(),
  /** The model there, with a version or none: `digits-mlp@2`. */
  reference: z.string().check(z.minLength(1), z.maxLength(256)),
  secret: secret(),
  ...commonFields(),
});

/** An endpoint of OpenAI's chat completions. */
const chatFields = () => ({
  kind: z.literal("chat"),
  /** The whole address, such as `https://llm.example.com/v1/chat/completions`. */
  url: httpUrl(),
  chat_model: z.string().check(z.minLength(1), z.maxLength(256)),
  /** With `{{input name}}` for an input's elements as JSON nested as its shape is, `{{inputs}}` for all by name, `{{outputs}}` for what is wanted. */
  prompt: z.string().check(z.minLength(1), z.maxLength(32_768)),
  system: z.optional(z.string().check(z.maxLength(32_768))),
  /** Where in the JSON answer an output stands, as a JSON Pointer (RFC 6901); left out: under its own name. */
  map: z.optional(z.record(z.string(), z.string().check(z.regex(/^(\/.*)?$/, "no JSON Pointer")))),
  temperature: z.optional(z.number().check(z.minimum(0), z.maximum(2))),
  max_tokens: z.optional(z.int().check(z.minimum(1), z.maximum(1_000_000))),
  secret: secret(),
  ...commonFields(),
});

/** `strategies.premium` of a deployment, as it is read. Unknown fields are kept: a newer writer may have put them there. */
export const premiumSchema = () =>
  z.discriminatedUnion("kind", [
    z.looseObject(modelFields()),
    z.looseObject(oipFields()),
    z.looseObject(chatFields()),
  ]);

/** As a caller sets it: strict, as a misspelt field would have no effect. */
export const premiumDraft = () =>
  z.discriminatedUnion("kind", [
    z.strictObject(modelFields()),
    z.strictObject(oipFields()),
    z.strictObject(chatFields()),
  ]);

export type PremiumStrategy = z.output<ReturnType<typeof premiumSchema>>;
export type ModelStrategy = Extract<PremiumStrategy, { kind: "model" }>;
export type OipStrategy = Extract<PremiumStrategy, { kind: "oip" }>;
export type ChatStrategy = Extract<PremiumStrategy, { kind: "chat" }>;
