import type { IncomingMessage } from "node:http";
import { createSystemClock } from "../../src/adapters/web-platform/clock.ts";
import type { PublishDeps } from "../../src/core/lifecycle/publish/publish-version.ts";
import { type FaultProxy, startFaultProxy } from "./fault-proxy.ts";
import { startRedisDoor } from "./redis-door.ts";
import { registryDeps } from "./registry-core.ts";
import { type StackBehindProxy, startStackBehindProxy } from "./stack-behind-proxy.ts";

/** A real Worker in workerd whose bucket and Redis are real, too, each behind a door of faults. */
export interface FaultyStack extends StackBehindProxy {
  /** Lines such as `PUT models/iris/deployment.json`. */
  readonly s3: FaultProxy;
  /** Lines such as `GET freshet:dev:ptr:iris`. */
  readonly redis: FaultProxy;
  /** The registry on the same bucket past the door, for what a test is to find there. */
  readonly registry: PublishDeps;
  /** What it has asked Redis for by one command, or all of them. */
  redisCalls(command?: string): number;
}

/** `given`: settings of the Worker; an empty `UPSTASH_REDIS_REST_URL` leaves Redis out. */
export async function startFaultyStack(
  given: Readonly<Record<string, string>> = {},
): Promise<FaultyStack> {
  const door = await startRedisDoor();
  const { UPSTASH_REDIS_REST_URL = "" } = door.vars;
  const redis = await startFaultProxy(UPSTASH_REDIS_REST_URL, { lineOf: commandOf });
  const behind = await startStackBehindProxy({
    ...door.vars,
    UPSTASH_REDIS_REST_URL: redis.url,
    ...given,
  });
  return {
    ...behind,
    direct: { ...behind.direct, ...door.vars },
    s3: behind.proxy.faults,
    redis,
    registry: registryDeps(behind.store, createSystemClock()),
    redisCalls: (command = "") => redis.calls.filter((line) => line.startsWith(command)).length,
    async stop() {
      await behind.stop();
      await redis.stop();
      await door.stop();
    },
  };
}

/** Redis takes a command's name in any case; here it is in capitals. */
function commandOf(_request: IncomingMessage, body: Buffer): string {
  const words: unknown = JSON.parse(body.toString("utf8"));
  const [name = "", ...rest] = Array.isArray(words) ? words.flat() : [];
  return [String(name).toUpperCase(), ...rest].join(" ");
}
