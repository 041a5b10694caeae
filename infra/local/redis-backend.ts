import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { Redis } from "ioredis";
import RedisMock from "ioredis-mock";
import { freePort } from "./free-port.ts";

/** What runs one Redis command, given upper-case words; rejects with Redis' own text. */
export type RunCommand = (words: readonly string[]) => Promise<unknown>;

export interface RedisBackend {
  /** `redis-server`: a real one, persisted. `ioredis-mock`: in memory. */
  readonly kind: "redis-server" | "ioredis-mock";
  readonly run: RunCommand;
  /** Runs all or none, nothing in between; the results in order. */
  readonly runTogether: (commands: readonly (readonly string[])[]) => Promise<readonly unknown[]>;
  stop(): Promise<void>;
}

export const hasRedisServer = (): boolean =>
  spawnSync("redis-server", ["--version"], { stdio: "ignore" }).status === 0;

/** Starts a `redis-server` of its own on a free loopback port; every write is in its append-only file within a second. */
export async function startRedisServer(dataDir: string): Promise<RedisBackend> {
  await mkdir(dataDir, { recursive: true });
  const port = await freePort();
  const args = [
    "--port",
    `${port}`,
    "--bind",
    "127.0.0.1",
    "--dir",
    dataDir,
    "--appendonly",
    "yes",
  ];
  const child = spawn("redis-server", [...args, "--save", "", "--loglevel", "warning"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  // Somebody else's signal handler may end this process before it could stop the server.
  const abandon = () => child.kill("SIGTERM");
  process.once("exit", abandon);
  const redis = new Redis({
    host: "127.0.0.1",
    port,
    retryStrategy: () => 50,
    maxRetriesPerRequest: 100,
  });
  // Refused connections while it starts are expected; a lasting one fails the ping.
  redis.on("error", () => undefined);
  await redis.ping();
  const run: RunCommand = ([name = "", ...rest]) => redis.callBuffer(name, ...rest);
  return {
    kind: "redis-server",
    run,
    async runTogether(commands) {
      // One connection is shared: sent in one turn, nothing comes in between.
      const queued = [run(["MULTI"]), ...commands.map(run)];
      const executed = run(["EXEC"]);
      await Promise.allSettled(queued);
      return (await executed) as readonly unknown[];
    },
    async stop() {
      process.off("exit", abandon);
      redis.disconnect();
      await ended(child);
    },
  };
}

/** Redis in this process: nothing to install, nothing kept. */
export function startRedisInMemory(): RedisBackend {
  const redis = new RedisMock();
  const run: RunCommand = async ([name = "", ...rest]) => {
    const method = Reflect.get(redis, name.toLowerCase());
    if (typeof method !== "function") throw new Error(`ERR unknown command '${name}'`);
    return Reflect.apply(method, redis, rest.map(inUpperCase));
  };
  return {
    kind: "ioredis-mock",
    run,
    async runTogether(commands) {
      const results: unknown[] = [];
      for (const words of commands) results.push(await run(words));
      return results;
    },
    async stop() {
      redis.disconnect();
    },
  };
}

const OPTION = /^(ex|px|exat|pxat|nx|xx|gt|lt|keepttl|count|match|limit|withscores|rev|byscore)$/i;

/** The mock knows options in upper case only and ignores others silently. Key and value stay as they are. */
const inUpperCase = (word: string, index: number): string =>
  index > 1 && OPTION.test(word) ? word.toUpperCase() : word;

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((done) => {
    child.once("exit", () => done());
    child.kill("SIGTERM");
  });
}
