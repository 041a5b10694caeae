import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { freePort } from "../../infra/local/free-port.ts";
import { startStack } from "../../infra/local/stack.ts";

it("a local stack that starts for the first time is ready for nobody before its examples can be asked", async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const dataDir = await mkdtemp(join(tmpdir(), "freshet-ready-"));
  const starting = startStack({
    ...{ host: "127.0.0.1", port, dataDir, adminToken: "t", shutdownMs: 1_000, given: {} },
  });
  try {
    const statusOf = async (path: string) => {
      const answer = await fetch(`${url}${path}`).catch(() => undefined);
      await answer?.body?.cancel();
      return answer?.status;
    };
    await expect.poll(() => statusOf("/health/ready"), { timeout: 60_000, interval: 5 }).toBe(200);
    expect(await statusOf("/v2/models/iris-logreg")).toBe(200);
  } finally {
    await (await starting).stop();
    await rm(dataDir, { recursive: true, force: true });
  }
});
