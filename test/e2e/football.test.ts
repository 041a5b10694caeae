import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Stack } from "../../infra/local/stack.ts";
import { startTestStack, TEST_TOKEN } from "../support/stack.ts";

const SCRIPT = join(import.meta.dirname, "..", "..", "examples", "football", "run.ts");

describe("the football example", () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startTestStack();
  });
  afterAll(() => stack?.stop());

  const run = async () => {
    const env = { ...process.env, FRESHET_URL: stack.url, FRESHET_TOKEN: TEST_TOKEN };
    const { stdout } = await promisify(execFile)(process.execPath, [SCRIPT], { env });
    return stdout;
  };

  it("tells the accuracy of a season by version, equal to what is computed without Freshet", async () => {
    const told = await run();
    expect(told).toContain("version 1, 1591 matches judged");
    expect(told).toMatch(/accuracy +0\.5411690760\d* +0\.5411690760/);
    expect(told).toContain("version 2, 1591 matches judged");
    expect(told).toMatch(/accuracy +0\.5631678189\d* +0\.5631678189/);
    expect(told).toContain("All figures agree.");
  });

  it("may be run again", async () => {
    const again = await run();
    expect(again).toContain("version 2, 3182 matches judged");
    expect(again).toContain("All figures agree.");
  });
});
