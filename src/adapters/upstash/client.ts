import type { Redis } from "@upstash/redis";
import { fail, type Result } from "../../core/model/result.ts";
import type { SharedCacheFailure } from "../../core/ports/shared-cache.ts";

export interface UpstashConfig {
  readonly url: string;
  readonly token: string;
  /** Put before every key, such as `freshet:production:`. */
  readonly keyPrefix: string;
}

export type UpstashAnswer<T> = Promise<Result<T, SharedCacheFailure>>;

/** A client for one call: its deadline is a property of the client. Never retries. */
export async function clientFor(
  { url, token }: Pick<UpstashConfig, "url" | "token">,
  deadlineMs: number,
): Promise<Redis> {
  // Loaded when it is first used: a cold start does not wait for it.
  const { Redis: Client } = await import("@upstash/redis");
  return new Client({
    url,
    token,
    // `false` would mean two attempts.
    retry: { retries: 0 },
    enableTelemetry: false,
    // It would turn "12345" into a number and strip the quotes of an ETag.
    automaticDeserialization: false,
    // A signal rather than a function that gives one makes a timeout look like an answer.
    signal: () => AbortSignal.timeout(Math.max(1, Math.ceil(deadlineMs))),
  });
}

/** Runs a script in one call. @throws what the client throws: within `call` */
export const evaluate = async (
  config: Pick<UpstashConfig, "url" | "token">,
  script: string,
  keys: readonly string[],
  words: readonly string[],
  deadlineMs: number,
): Promise<unknown> => (await clientFor(config, deadlineMs)).eval(script, [...keys], [...words]);

/** What Redis never answers to the command: some other service did. */
export const unexpected = (command: string): Result<never, SharedCacheFailure> =>
  fail({ reason: "refused", detail: `${command}: the answer is not one of Redis` });

/** Whatever the client throws is a failure, never a value. */
export async function call<T>(command: string, send: () => UpstashAnswer<T>): UpstashAnswer<T> {
  try {
    return await send();
  } catch (error) {
    const reason = reasonOf(error);
    return fail({ reason, detail: `${command}: ${reason}`, cause: error });
  }
}

/** Whether a script answered what scripts here answer: a list of texts. */
export const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((one) => typeof one === "string");

/** Redis' own text comes first; the client adds the command after it, and with it whatever a caller wrote. */
function reasonOf(error: unknown): SharedCacheFailure["reason"] {
  if (!(error instanceof Error)) return "unreachable";
  const [text = ""] = error.message.split(", command was: ");
  if (/unauthorized|invalid token|WRONGPASS|NOPERM|\b401\b/i.test(text)) return "denied";
  return error.name === "UpstashError" ? "refused" : "unreachable";
}
