import { describe, expect, it } from "vitest";
import { deploymentKey } from "../../src/core/model/keys.ts";
import { withStack } from "./with-stack.ts";
import { writeFixture } from "./write-fixture.ts";

const DEADLINE = { deadlineMs: 5_000 };

describe("freshet cache", () => {
  const { stack, freshet } = withStack();

  it("says that a deployment is gone, and that its model is not served", async () => {
    const { file } = await writeFixture("diabetes-linear", "1");
    expect((await freshet("model", "publish", "linear", file)).code).toBe(0);
    expect(await freshet("cache", "refresh", "linear")).toMatchObject({
      code: 0,
      out: expect.stringMatching(/linear +(taken up|unchanged)/),
    });
    await stack().store.delete(deploymentKey("linear"), DEADLINE);
    const refreshed = await freshet("cache", "refresh", "linear");
    expect(refreshed.out).toMatch(/linear +gone +production 1 -> none +pointer_missing/);
    expect(refreshed.err).toContain("the deployment of linear is gone from the bucket");
    expect(refreshed.code).toBe(1);
    const status = await freshet("cache", "status");
    expect(status.out).toMatch(/linear(@1)? .*pointer_missing: its deployment\.json is gone/);
    expect((await freshet("cache", "refresh", "linear")).err).toMatch(
      /there is no model 'linear': its deployment\.json is gone/,
    );
  });
});
