import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { type RedisBackend, startRedisServer } from "../../infra/local/redis-backend.ts";
import { startRedisBridge } from "../../infra/local/redis-bridge.ts";
import { jobsIn } from "../../infra/local/rest-jobs.ts";
import { leaseJob } from "../support/lease-job.ts";
import { must } from "../support/must.ts";
import { describeNeeding } from "../support/skip-loudly.ts";

const TOKEN = "a-token-for-tests-only";

describeNeeding(["redis-server"], "a job in the local redis-server", () => {
  it("outlives a SIGKILL of it, however soon after it was acknowledged", async () => {
    const dir = await mkdtemp(join(tmpdir(), "freshet-kill-"));
    for (const id of ["first", "second", "third"]) {
      await withRedis(dir, async (backend, url) => {
        await leaseJob({ jobs: jobsIn({ url, token: TOKEN }, "dev") }, id);
        process.kill(await pidOf(backend), "SIGKILL");
      });
    }
    await withRedis(dir, async (_backend, url) => {
      const jobs = jobsIn({ url, token: TOKEN }, "dev");
      const { counts } = must(await jobs.counts(Date.now(), 5_000));
      expect(counts).toMatchObject({ queued: 0, running: 3 });
    });
    await rm(dir, { recursive: true, force: true });
  });

  it("can be worked on again by itself when its server was killed", async () => {
    const dir = await mkdtemp(join(tmpdir(), "freshet-kill-"));
    await withRedis(dir, async (backend, url) => {
      const jobs = jobsIn({ url, token: TOKEN }, "dev");
      await leaseJob({ jobs }, "kept");
      const pid = await pidOf(backend);
      process.kill(pid, "SIGKILL");
      const counts = async () => {
        const counted = await jobs.counts(Date.now(), 5_000);
        return counted.ok ? counted.value.counts.running : counted.failure.reason;
      };
      await expect.poll(counts).toBe(1);
      expect(await pidOf(backend)).not.toBe(pid);
    });
    await rm(dir, { recursive: true, force: true });
  });

  it("is on the disk when it is acknowledged", async () => {
    const dir = await mkdtemp(join(tmpdir(), "freshet-kill-"));
    await withRedis(dir, async (backend) => {
      const [, policy] = (await backend.run(["CONFIG", "GET", "appendfsync"])) as Buffer[];
      expect(policy?.toString()).toBe("always");
    });
    await rm(dir, { recursive: true, force: true });
  });
});

async function withRedis(
  dir: string,
  use: (backend: RedisBackend, url: string) => Promise<void>,
): Promise<void> {
  const backend = await startRedisServer(dir);
  const bridge = await startRedisBridge(backend, TOKEN);
  try {
    await use(backend, bridge.url);
  } finally {
    await bridge.stop();
    await backend.stop();
  }
}

async function pidOf({ run }: RedisBackend): Promise<number> {
  const [, pid] = /process_id:(\d+)/.exec(String(await run(["INFO", "server"]))) ?? [];
  if (pid === undefined) throw new Error("the server does not tell its process");
  return Number(pid);
}
