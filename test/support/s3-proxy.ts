import type { IncomingMessage } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import type { S3Config } from "../../src/adapters/s3/config.ts";
import { type FaultProxy, relay, startFaultProxy } from "./fault-proxy.ts";

/** A store behind a door that counts, slows down and shuts. */
export interface S3Proxy {
  readonly config: S3Config;
  /** Calls that came, such as `GET models/iris/deployment.json`; a listing is `GET ?…`, with its query. */
  readonly calls: readonly string[];
  /** Milliseconds each answer is held back. */
  delayMs: number;
  /** `down`: connections are reset. */
  state: "up" | "down";
  /** For faults of single calls: the door itself, its lines as those of `calls`. */
  readonly faults: FaultProxy;
  clear(): void;
  stop(): Promise<void>;
}

/** Puts a proxy before an S3 endpoint. */
export async function startS3Proxy(target: S3Config): Promise<S3Proxy> {
  let delayMs = 0;
  let state: S3Proxy["state"] = "up";
  const faults = await startFaultProxy(target.endpoint, {
    lineOf: lineOf(target.bucket),
    async otherwise(response, request, pass) {
      if (state === "down") return request.socket.resetAndDestroy();
      const answered = pass();
      if (delayMs > 0) {
        await answered;
        await pause(delayMs);
      }
      return relay(response, request, () => answered);
    },
  });
  return {
    config: { ...target, endpoint: faults.url },
    calls: faults.calls,
    faults,
    get delayMs() {
      return delayMs;
    },
    set delayMs(ms) {
      delayMs = ms;
    },
    get state() {
      return state;
    },
    set state(next) {
      state = next;
    },
    clear: () => faults.clear(),
    stop: () => faults.stop(),
  };
}

const lineOf =
  (bucket: string) =>
  ({ method, url = "" }: IncomingMessage): string => {
    const [path = "", query = ""] = url.split("?", 2).map(decodeURIComponent);
    const key = path.slice(path.indexOf(bucket) + bucket.length + 1);
    return `${method} ${key === "" && query !== "" ? `?${query}` : key}`;
  };
