import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Stack, startStack } from "../../infra/local/stack.ts";

export const TEST_TOKEN = "a-token-for-tests-only";

/** A stack of the test's own, as `npm start` boots it, on a free port. `given`: settings of the Worker. */
export async function startTestStack(given: Readonly<Record<string, string>> = {}): Promise<Stack> {
  const dataDir = await mkdtemp(join(tmpdir(), "freshet-e2e-"));
  const stack = await startStack({
    host: "127.0.0.1",
    port: 0,
    dataDir,
    adminToken: TEST_TOKEN,
    shutdownMs: 1_000,
    given,
  });
  return {
    ...stack,
    async stop() {
      await stack.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
