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

/**
 * Starts a `redis-server` of its own on a free loopback port. A write that was answered is on the
 * disk, so that a job which was acknowledged outlives SIGKILL and a power cut. Syncing each second
 * instead would lose up to a second of them, and while the disk is busy Redis then answers before
 * it has written at all. The cost, measured by making jobs through the bridge on a busy machine:
 * 3.4 to 5.3 ms each rather than 1.3 ms for one client alone; with sixteen at once, whom one sync
 * serves together, nothing (some 950 a second either way: the bridge is what takes the time).
 *
 * A server that ends by itself is started again on the same data.
 * @param onRestart told each time: the process is another one
 */
export async function startRedisServer(
  dataDir: string,
  onRestart: () => void = () => undefined,
): Promise<RedisBackend> {
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
    "--appendfsync",
    "always",
  ];
  let isStopping = false;
  let child = start();
  function start(): ChildProcess {
    return spawn("redis-server", [...args, "--save", "", "--loglevel", "warning"], {
      stdio: ["ignore", "ignore", "inherit"],
      // In a group of its own: Ctrl-C in a terminal would end it before the stack has stopped.
      detached: true,
    });
  }
  function startAgain(status: number | null, signal: NodeJS.Signals | null): void {
    if (isStopping) return;
    console.error(`redis-server ended (${signal ?? status}); it is started again on its data`);
    setTimeout(() => {
      if (isStopping) return;
      child = start().once("exit", startAgain);
      onRestart();
    }, RESTART_MS);
  }
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
  // One that never came up would not come up the second time.
  child.once("exit", startAgain);
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
      isStopping = true;
      process.off("exit", abandon);
      redis.disconnect();
      await ended(child);
    },
  };
}

/** So that one that ends at once each time does not take a core. */
const RESTART_MS = 500;

/** Redis in this process: nothing to install, nothing kept. */
export function startRedisInMemory(): RedisBackend {
  // Mocks of one host and port share their data, also when two were started apart.
  const redis = new RedisMock({ host: crypto.randomUUID() });
  const run: RunCommand = async ([name = "", ...rest]) => {
    const method = Reflect.get(redis, name.toLowerCase());
    if (typeof method !== "function") throw new Error(`ERR unknown command '${name}'`);
    return Reflect.apply(method, redis, name === "EVAL" ? evalWords(rest) : rest.map(inUpperCase));
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

/** A script's keys and arguments are words of its own. */
const evalWords = ([script = "", ...rest]: readonly string[]): readonly string[] => [
  listsFromTheEnd(script),
  ...rest,
];

/**
 * The mock takes a Lua table for a list only when it was filled from its end, and answers nothing
 * for any other. The line breaks keep a comment at the script's end from hiding what follows.
 */
const listsFromTheEnd = (script: string): string => `
local function turned(value)
  if type(value) ~= "table" then return value end
  local list = {}
  for place = #value, 1, -1 do list[place] = turned(value[place]) end
  return list
end
return turned((function()
${script}
end)())
`;

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((done) => {
    child.once("exit", () => done());
    child.kill("SIGTERM");
  });
}
