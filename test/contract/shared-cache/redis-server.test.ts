import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startRedisServer } from "../../../infra/local/redis-backend.ts";
import { describeNeeding } from "../../support/skip-loudly.ts";
import { cacheOver } from "./over-bridge.ts";
import { describeSharedCache } from "./suite.ts";

describeNeeding(["redis-server"], "the shared cache over a redis-server", () => {
  describeSharedCache(async () => {
    const dir = await mkdtemp(join(tmpdir(), "freshet-redis-"));
    const { stop, ...started } = await cacheOver(await startRedisServer(dir));
    return {
      ...started,
      async stop() {
        await stop();
        await rm(dir, { recursive: true, force: true });
      },
    };
  });
});
