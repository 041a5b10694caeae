import { type RedisBackend, startRedisInMemory } from "../../infra/local/redis-backend.ts";
import { startRedisBridge } from "../../infra/local/redis-bridge.ts";
import { createGate, type Gate } from "./gate.ts";

/** An Upstash endpoint of the test's own, which counts, freezes and shuts. */
export interface RedisDoor {
  /** Settings of a Worker that is to use it. */
  readonly vars: Readonly<Record<string, string>>;
  /** Commands that came, such as `MGET`. */
  readonly calls: readonly string[];
  /** Every command from now on hangs, as with a stopped process, until `thaw`. */
  freeze(): void;
  thaw(): void;
  clear(): void;
  stop(): Promise<void>;
}

const TOKEN = "a-token-for-tests-only";

export async function startRedisDoor(): Promise<RedisDoor> {
  const inner = startRedisInMemory();
  const calls: string[] = [];
  let frozen: Gate<void> | undefined;
  const backend: RedisBackend = {
    ...inner,
    async run(words) {
      calls.push((words[0] ?? "").toUpperCase());
      await frozen?.opened;
      return inner.run(words);
    },
  };
  const thaw = () => {
    frozen?.open();
    frozen = undefined;
  };
  const bridge = await startRedisBridge(backend, TOKEN);
  return {
    vars: { UPSTASH_REDIS_REST_URL: bridge.url, UPSTASH_REDIS_REST_TOKEN: TOKEN },
    calls,
    freeze() {
      frozen ??= createGate<void>();
    },
    thaw,
    clear: () => void calls.splice(0),
    async stop() {
      thaw();
      await bridge.stop();
      await inner.stop();
    },
  };
}
