import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readSettings } from "../../../infra/local/settings.ts";

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "freshet-settings-"));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

const read = (env: Readonly<Record<string, string>>) =>
  readSettings({ FRESHET_DATA_DIR: dataDir, ...env });

describe("the settings of the local stack", () => {
  it("wait ten seconds for jobs, or as long as they are told", async () => {
    expect((await read({})).shutdownMs).toBe(10_000);
    expect((await read({ SHUTDOWN_MS: "0" })).shutdownMs).toBe(0);
  });

  it.each(["", "-1", "1.5", "soon", "1e3"])("refuse '%s' as a time to wait", async (text) => {
    await expect(read({ SHUTDOWN_MS: text })).rejects.toThrow(/SHUTDOWN_MS is '.*whole number/);
  });

  it("pass the limit of the backlog on to the Worker, and keep their own", async () => {
    const { given } = await read({ JOBS_BACKLOG_WARN: "5", SHUTDOWN_MS: "7" });
    expect(given).toEqual({ JOBS_BACKLOG_WARN: "5" });
  });
});
