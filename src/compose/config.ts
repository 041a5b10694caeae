import { z } from "zod";
import { SCOPES } from "../core/model/scope.ts";

const MIB = 1024 * 1024;

const required = z.string().trim().min(1);
const optional = z.string().trim().default("");

/** A whole number written in an environment variable. */
const whole = (fallback: number, min: number, max = Number.MAX_SAFE_INTEGER) =>
  z
    .string()
    .trim()
    .regex(/^\d+$/, "must be a whole number")
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be from ${min} to ${max}`)
    .default(fallback);

const url = z
  .string()
  .trim()
  .regex(/^https?:\/\/[^\s/?#]+(\/[^\s?#]*)?$/, "must be an http(s) URL without query");

const scopes = z
  .string()
  .transform((text) =>
    text
      .split(",")
      .map((word) => word.trim())
      .filter((word) => word !== ""),
  )
  .pipe(z.array(z.enum(SCOPES, `must be a comma-separated list of ${SCOPES.join(", ")}`)))
  .default([]);

/**
 * Every setting of the Worker, from variables and secrets of the same names. The
 * text of `.describe()` is the documentation: docs/configuration.md is made from it.
 */
export const configSchema = z.object({
  S3_ENDPOINT: url.describe(
    "URL of the S3-compatible store, such as `https://s3.example.com`. Path-style addressing is used.",
  ),
  S3_BUCKET: required.describe("Bucket that holds the models."),
  S3_REGION: z
    .string()
    .trim()
    .default("auto")
    .describe("Region for the request signature; `auto` suits R2 and the local store."),
  S3_ACCESS_KEY_ID: required.describe("Access key. A secret."),
  S3_SECRET_ACCESS_KEY: required.describe("Secret key. A secret."),
  S3_PREFIX: z
    .string()
    .trim()
    .regex(/^([^/].*\/)?$/, "must end with '/' and not begin with one")
    .default("")
    .describe("Put before every key, such as `freshet/`. Empty: the bucket's root."),
  UPSTASH_REDIS_REST_URL: url
    .or(z.literal(""))
    .default("")
    .describe("URL of the Upstash Redis REST endpoint. Empty: no shared cache."),
  UPSTASH_REDIS_REST_TOKEN: optional.describe("Token for it. A secret."),
  FRESHET_ADMIN_TOKEN: optional.describe(
    "Bearer token that may do everything. A secret. Empty: nobody may do what is not public.",
  ),
  FRESHET_PUBLIC_SCOPES: scopes.describe(
    "Scopes that need no token: a comma-separated list of `infer`, `read`. `npm start` sets `infer,read` when it listens on loopback.",
  ),
  FRESHET_ENV: z
    .enum(["dev", "staging", "production"], "must be dev, staging or production")
    .default("dev")
    .describe(
      "Name of the environment: part of the shared cache's keys; `dev` logs for people, the others log JSON.",
    ),
  REVALIDATE_MS: whole(5_000, 0).describe(
    "Milliseconds after which a model's deployment is checked again, in the background of the request that notices.",
  ),
  MODEL_CACHE_MAX_BYTES: whole(48 * MIB, MIB, 96 * MIB).describe(
    "Budget in bytes for the memory of loaded models in one isolate, measured, least recently used out first.",
  ),
  MAX_BODY_BYTES: whole(64 * MIB, 1024, 100 * MIB).describe(
    "Largest request body in bytes, counted before and after decompression.",
  ),
  LOG_LEVEL: z
    .enum(["debug", "info", "warn", "error"], "must be debug, info, warn or error")
    .default("info")
    .describe("Least level that is logged. `debug` adds a line for each inference."),
});

export type Config = z.output<typeof configSchema>;

/** A setting is wrong: the message names it, what is the matter and what to do. */
export class ConfigError extends Error {
  readonly code = "invalid_configuration";
}

/**
 * Reads the whole configuration once into a complete value.
 * @throws ConfigError naming every wrong setting, never its value
 */
export function readConfig(env: unknown): Config {
  const parsed = configSchema.safeParse(env);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${describe(issue)}`);
    throw new ConfigError(
      `wrong configuration: ${lines.join("; ")}. Set it as a variable or secret of the Worker; docs/configuration.md lists all of them.`,
    );
  }
  const config = parsed.data;
  if (config.UPSTASH_REDIS_REST_URL !== "" && config.UPSTASH_REDIS_REST_TOKEN === "") {
    throw new ConfigError(
      "wrong configuration: UPSTASH_REDIS_REST_TOKEN: is empty while UPSTASH_REDIS_REST_URL is set. Set both or neither.",
    );
  }
  return config;
}

const describe = (issue: {
  readonly code: string;
  readonly message: string;
  readonly input?: unknown;
}): string => (issue.code === "invalid_type" ? "is missing" : issue.message);
