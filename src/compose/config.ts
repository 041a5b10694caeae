import { isIpAddress, isLoopbackHost } from "../adapters/remote/allowed-hosts.ts";
import { isObject } from "../core/model/is-object.ts";
import type { Setting } from "./config-fields.ts";
import { type Config, SETTINGS } from "./config-schema.ts";

/** A setting is wrong: the message names it, what is the matter and what to do. */
export class ConfigError extends Error {
  readonly code = "invalid_configuration";
}

/**
 * Reads the whole configuration once into a complete value.
 * @throws ConfigError naming every wrong setting, never its value
 */
export function readConfig(env: unknown): Config {
  const given = isObject(env) ? env : {};
  const wrong: string[] = [];
  const read = Object.entries<Setting<unknown>>(SETTINGS).map(([name, setting]) => [
    name,
    readSetting(name, setting, given[name], wrong),
  ]);
  if (wrong.length > 0) {
    throw new ConfigError(
      `wrong configuration: ${wrong.join("; ")}. Set it as a variable or secret of the Worker; docs/configuration.md lists all of them.`,
    );
  }
  // Each by its own schema, under its own name.
  const config = Object.fromEntries(read) as Config;
  if (config.UPSTASH_REDIS_REST_URL !== "" && config.UPSTASH_REDIS_REST_TOKEN === "") {
    throw new ConfigError(
      "wrong configuration: UPSTASH_REDIS_REST_TOKEN: is empty while UPSTASH_REDIS_REST_URL is set. Set both or neither.",
    );
  }
  checkStrictness(config);
  checkBackup(config);
  checkSignatures(config);
  checkRemoteHosts(config);
  return config;
}

/** Its value; what is wrong with it is added to `wrong`. */
function readSetting(
  name: string,
  { fallback, schema }: Setting<unknown>,
  text: unknown,
  wrong: string[],
): unknown {
  if (text === undefined && fallback !== undefined) return fallback;
  const parsed = schema().safeParse(text);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    wrong.push(`${[name, ...issue.path].join(".")}: ${describe(issue)}`);
  }
  return undefined;
}

/** What is never checked, or not before it is too old, would be refused for ever. */
function checkStrictness(config: Config): void {
  if (!config.STRICT_FRESHNESS) return;
  if (!config.CHECK_FRESHNESS) {
    throw new ConfigError(
      "wrong configuration: CHECK_FRESHNESS: is off while STRICT_FRESHNESS is on, which would refuse everything in the end. Set only one of them so.",
    );
  }
  if (config.MAX_STALE_MS <= config.REVALIDATE_MS) {
    throw new ConfigError(
      "wrong configuration: MAX_STALE_MS: is not above REVALIDATE_MS while STRICT_FRESHNESS is on, so that models would be refused between two checks. Set a larger one.",
    );
  }
}

/** Without a key every version would be refused, or warned of for ever. */
function checkSignatures({ SIGNATURE_POLICY, SIGNATURE_PUBLIC_KEYS }: Config): void {
  if (SIGNATURE_POLICY === "off" || SIGNATURE_PUBLIC_KEYS.length > 0) return;
  throw new ConfigError(
    `wrong configuration: SIGNATURE_PUBLIC_KEYS: is empty while SIGNATURE_POLICY is ${SIGNATURE_POLICY}. Set the keys, or the policy to off.`,
  );
}

/** An address proves nothing of who answers there: only a developer's own machine is known by one. */
function checkRemoteHosts({ FRESHET_REMOTE_HOSTS, FRESHET_ENV }: Config): void {
  const isWrong = FRESHET_REMOTE_HOSTS.some(
    ({ hostname }) => isIpAddress(hostname) && !(FRESHET_ENV === "dev" && isLoopbackHost(hostname)),
  );
  if (!isWrong) return;
  throw new ConfigError(
    "wrong configuration: FRESHET_REMOTE_HOSTS: has an IP address in it. Name hosts; only with FRESHET_ENV=dev loopback addresses are taken.",
  );
}

/** What a backup cannot be without: all of it is set, or nothing. */
const BACKUP_SETTINGS = [
  "BACKUP_S3_ENDPOINT",
  "BACKUP_S3_BUCKET",
  "BACKUP_S3_ACCESS_KEY_ID",
  "BACKUP_S3_SECRET_ACCESS_KEY",
] as const;

function checkBackup(config: Config): void {
  const missing = BACKUP_SETTINGS.filter((name) => config[name] === "");
  if (missing.length === BACKUP_SETTINGS.length) return;
  if (missing.length > 0) {
    throw new ConfigError(
      `wrong configuration: ${missing.map((name) => `${name}: is empty`).join("; ")} while other BACKUP_S3_* are set. Set ${BACKUP_SETTINGS.join(", ")}, or none of them.`,
    );
  }
  const isSame =
    config.BACKUP_S3_ENDPOINT.replace(/\/+$/, "") === config.S3_ENDPOINT.replace(/\/+$/, "") &&
    config.BACKUP_S3_BUCKET === config.S3_BUCKET &&
    config.BACKUP_S3_PREFIX === config.S3_PREFIX;
  if (isSame) {
    throw new ConfigError(
      "wrong configuration: BACKUP_S3_BUCKET: is the bucket of S3_BUCKET itself. A backup needs a second one.",
    );
  }
}

const describe = (issue: {
  readonly code: string;
  readonly message: string;
  readonly input?: unknown;
}): string => (issue.code === "invalid_type" ? "is missing" : issue.message);
