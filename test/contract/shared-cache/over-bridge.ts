import type { RedisBackend } from "../../../infra/local/redis-backend.ts";
import { startRedisBridge } from "../../../infra/local/redis-bridge.ts";
import { createUpstashSharedCache } from "../../../src/adapters/upstash/shared-cache.ts";
import type { StartedCache } from "./suite.ts";

const TOKEN = "a-token-for-tests-only";

/** The Upstash adapter over the bridge before a Redis. */
export async function cacheOver(backend: RedisBackend): Promise<StartedCache> {
  const bridge = await startRedisBridge(backend, TOKEN);
  return {
    cache: createUpstashSharedCache({ url: bridge.url, token: TOKEN, keyPrefix: "freshet:test:" }),
    async putHash(key) {
      await backend.run(["HSET", `freshet:test:${key}`, "of", "somebody"]);
    },
    async stop() {
      await bridge.stop();
      await backend.stop();
    },
  };
}
