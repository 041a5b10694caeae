import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RedisBackend, startRedisServer } from "../../infra/local/redis-backend.ts";
import { startRedisBridge } from "../../infra/local/redis-bridge.ts";

/** A real Redis that a test kills as a machine does, and starts again on what is on its disk. */
export interface MortalRedis {
  readonly url: string;
  readonly token: string;
  /** Settings of a Worker that is to use it. */
  readonly vars: Readonly<Record<string, string>>;
  /** SIGKILL. Until `revive` every command is refused; those on their way get no answer. */
  kill(): Promise<void>;
  revive(): Promise<void>;
  stop(): Promise<void>;
}

const TOKEN = "a-token-for-tests-only";

/** Starts it, and an Upstash endpoint before it that outlives it. Needs `redis-server`. */
export async function startMortalRedis(): Promise<MortalRedis> {
  const dir = await mkdtemp(join(tmpdir(), "freshet-redis-"));
  let living: RedisBackend | undefined = await startRedisServer(dir);
  const redis = () => {
    if (living === undefined) throw new Error("ERR Redis is down");
    return living;
  };
  const bridge = await startRedisBridge(
    {
      kind: "redis-server",
      run: async (words) => redis().run(words),
      runTogether: async (commands) => redis().runTogether(commands),
      stop: async () => undefined,
    },
    TOKEN,
  );
  return {
    url: bridge.url,
    token: TOKEN,
    vars: { UPSTASH_REDIS_REST_URL: bridge.url, UPSTASH_REDIS_REST_TOKEN: TOKEN },
    async kill() {
      const dying = redis();
      const pid = await processIdOf(dying);
      living = undefined;
      process.kill(pid, "SIGKILL");
      await dying.stop();
    },
    async revive() {
      living ??= await startRedisServer(dir);
    },
    async stop() {
      await bridge.stop();
      await living?.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function processIdOf(redis: RedisBackend): Promise<number> {
  const info = String(await redis.run(["INFO", "server"]));
  const pid = Number(/^process_id:(\d+)/m.exec(info)?.[1]);
  if (!Number.isInteger(pid)) throw new Error("redis-server does not say which process it is");
  return pid;
}
