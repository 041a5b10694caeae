import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe } from "vitest";
import {
  type RedisBackend,
  startRedisInMemory,
  startRedisServer,
} from "../../infra/local/redis-backend.ts";
import { startRedisBridge } from "../../infra/local/redis-bridge.ts";
import type { UpstashConfig } from "../../src/adapters/upstash/client.ts";
import { describeNeeding } from "./skip-loudly.ts";

const TOKEN = "a-token-for-tests-only";

/** A port's adapter, started for one suite. */
export interface StartedStore<S> {
  readonly store: S;
  stop(): Promise<void>;
}

type Suite<S> = (start: () => Promise<StartedStore<S>>) => void;

/** Runs a port's suite over the Upstash adapter before a redis-server and before a Redis in memory. */
export function describeOverRedis<S>(
  what: string,
  create: (config: UpstashConfig) => S,
  suite: Suite<S>,
): void {
  describe(`${what} over a Redis in memory`, () => {
    suite(() => over(startRedisInMemory(), create));
  });
  describeNeeding(["redis-server"], `${what} over a redis-server`, () => {
    suite(async () => {
      const dir = await mkdtemp(join(tmpdir(), "freshet-redis-"));
      const { store, stop } = await over(await startRedisServer(dir), create);
      return {
        store,
        async stop() {
          await stop();
          await rm(dir, { recursive: true, force: true });
        },
      };
    });
  });
}

async function over<S>(
  backend: RedisBackend,
  create: (config: UpstashConfig) => S,
): Promise<StartedStore<S>> {
  const bridge = await startRedisBridge(backend, TOKEN);
  return {
    // The Redis in memory is one for the whole process.
    store: create({ url: bridge.url, token: TOKEN, keyPrefix: `freshet:${crypto.randomUUID()}:` }),
    async stop() {
      await bridge.stop();
      await backend.stop();
    },
  };
}
