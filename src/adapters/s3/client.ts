import { AwsClient } from "aws4fetch";
import { ok, type Result } from "../../core/model/result.ts";
import type { Bytes } from "../../core/model/tensor.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { StoreFailure } from "../../core/ports/object-store.ts";
import type { S3Config } from "./config.ts";
import { failureOf, type S3Failure, storeFailure } from "./failures.ts";

export interface S3Call {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  /** Left out for calls on the bucket. */
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Bytes;
  readonly deadlineMs: number;
}

/** What is done with a good answer; its body is still under the deadline. */
export type Reader<T> = (answer: Response) => Promise<Result<T, S3Failure>>;

export interface S3Client {
  /** Signs, sends, retries within the deadline, and reads the answer. `onRetry` hears of each attempt that may have taken effect. */
  send<T>(call: S3Call, read: Reader<T>, onRetry?: () => void): Promise<Result<T, S3Failure>>;
  /** A URL by which anybody may make this one call until it expires. No I/O. */
  presign(call: Pick<S3Call, "method" | "key" | "query">, expiresInS: number): Promise<string>;
}

export interface S3Deps {
  readonly clock: Clock;
  /** 0 ≤ r < 1, for the jitter. */
  readonly random: () => number;
}

const MAX_ATTEMPTS = 4;
const FIRST_DELAY_MS = 50;
const MAX_DELAY_MS = 2_000;

/** A signing client for one bucket (SigV4 by aws4fetch). Runs in Workers and in Node. */
export function createS3Client(config: S3Config, { clock, random }: S3Deps): S3Client {
  const aws = new AwsClient({
    accessKeyId: config.accessKeyId,
    secretAccessKey: config.secretAccessKey,
    region: config.region,
    service: "s3",
    retries: 0,
  });

  async function attempt<T>(
    call: S3Call,
    read: Reader<T>,
    leftMs: number,
  ): Promise<Result<T, S3Failure>> {
    const name = describe(call);
    let answered = false;
    try {
      const request = await aws.sign(urlOf(config, call), initOf(call));
      // A fraction of a millisecond would throw.
      const signal = AbortSignal.timeout(Math.max(1, Math.ceil(leftMs)));
      // Followed, the signature would be wrong, and the body sent to whom nobody named.
      const answer = await fetch(request, { signal, redirect: "manual" });
      answered = answer.ok;
      if (answer.ok) return await read(answer);
      return await failureOf(name, answer, call.headers?.["if-match"] !== undefined);
    } catch (error) {
      const late = error instanceof Error && error.name === "TimeoutError";
      if (late) return storeFailure("unreachable", name, "no answer in time", error);
      return answered
        ? storeFailure("corrupt", name, "the answer was cut short or is unreadable", error)
        : storeFailure("unreachable", name, "no answer", error);
    }
  }

  return {
    async send(call, read, onRetry) {
      const endMs = clock.now() + call.deadlineMs;
      for (let tries = 1; ; tries += 1) {
        const outcome = await attempt(call, read, endMs - clock.now());
        if (outcome.ok || !isPassing(outcome.failure) || tries === MAX_ATTEMPTS) return outcome;
        // Full jitter: AWS Architecture Blog, "Exponential backoff and jitter".
        const delayMs = random() * Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (tries - 1));
        if (clock.now() + delayMs >= endMs) return outcome;
        if (outcome.failure.reason !== "throttled") onRetry?.();
        await clock.after(delayMs).done;
      }
    },
    async presign(call, expiresInS) {
      const query = { ...call.query, "X-Amz-Expires": String(expiresInS) };
      const url = urlOf(config, { ...call, query });
      return (await aws.sign(url, { method: call.method, aws: { signQuery: true } })).url;
    },
  };
}

const isPassing = ({ reason }: StoreFailure): boolean =>
  reason === "unreachable" || reason === "throttled" || reason === "corrupt";

const describe = ({ method, key, query }: S3Call): string =>
  `${method} ${key ?? `list ${query?.prefix ?? ""}`}`;

function initOf({ method, headers = {}, body }: S3Call): RequestInit {
  return body === undefined ? { method, headers } : { method, headers, body };
}

function urlOf(config: S3Config, { key, query }: Pick<S3Call, "key" | "query">): string {
  const path = key === undefined ? "" : `/${encodeKey(config.prefix + key)}`;
  const url = `${config.endpoint.replace(/\/+$/, "")}/${config.bucket}${path}`;
  if (query === undefined) return url;
  const pairs = Object.entries(query).map(([name, value]) => `${name}=${encodePart(value)}`);
  return `${url}?${pairs.join("&")}`;
}

const encodeKey = (key: string): string => key.split("/").map(encodePart).join("/");

/** RFC 3986, stricter than encodeURIComponent: the signature is over these very bytes. */
const encodePart = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/** Success without a value to read. */
export const ignoreBody: Reader<undefined> = async (answer) => {
  await answer.body?.cancel();
  return ok(undefined);
};
