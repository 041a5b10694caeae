import { createNodeDigest } from "../../infra/local/node-digest.ts";
import { startLocalS3 } from "../../infra/local/s3.ts";
import type { Stack } from "../../infra/local/stack.ts";
import { createS3ObjectStore } from "../../src/adapters/s3/object-store.ts";
import { createSystemClock } from "../../src/adapters/web-platform/clock.ts";
import type { ObjectStore } from "../../src/core/ports/object-store.ts";
import { type S3Proxy, startS3Proxy } from "./s3-proxy.ts";
import { s3Vars } from "./s3-vars.ts";
import { startTestStack } from "./stack.ts";

export interface StackBehindProxy {
  readonly stack: Stack;
  readonly proxy: S3Proxy;
  /** Writes past the proxy: not counted, never down. */
  readonly store: ObjectStore;
  /** Settings of a Worker that reaches the same bucket past the proxy. */
  readonly direct: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** A stack whose Worker reaches an external S3, empty at first, through a proxy that the test holds. */
export async function startStackBehindProxy(
  given: Readonly<Record<string, string>> = {},
): Promise<StackBehindProxy> {
  const s3 = await startLocalS3();
  const proxy = await startS3Proxy(s3.config);
  const stack = await startTestStack({ ...s3Vars(proxy.config), ...given });
  const deps = { digest: createNodeDigest(), clock: createSystemClock(), random: Math.random };
  return {
    stack,
    proxy,
    store: createS3ObjectStore(s3.config, deps),
    direct: s3Vars(s3.config),
    async stop() {
      await stack.stop();
      await proxy.stop();
      await s3.stop();
    },
  };
}
