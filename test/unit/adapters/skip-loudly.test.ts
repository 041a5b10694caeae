import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findProgram, skipLoudly } from "../../support/skip-loudly.ts";

describe("tests that need a system package", () => {
  let path = "";

  beforeAll(async () => {
    path = await mkdtemp(join(tmpdir(), "freshet-path-"));
    await writeFile(join(path, "redis-server"), "#!/bin/sh\n");
    await chmod(join(path, "redis-server"), 0o755);
    await writeFile(join(path, "chromium"), "not a program");
  });
  afterAll(() => rm(path, { recursive: true, force: true }));

  it.each([false, true])("run when the program is on the path (on CI: %s)", (isCi) => {
    const found = findProgram("redis-server", { path: `/nowhere:${path}` });
    expect(found).toBe(join(path, "redis-server"));
    expect(skipLoudly("redis-server", found, { isCi, say: () => {} })).toBe(false);
  });

  it("are skipped without it, and say which package to install", () => {
    const notices: string[] = [];
    const say = (notice: string) => void notices.push(notice);
    const found = findProgram("radosgw", { path });
    expect(skipLoudly("radosgw", found, { isCi: false, say })).toBe(true);
    expect(notices).toEqual(["tests need the package radosgw: apt-get install radosgw"]);
  });

  it("fail without it on CI, naming the package to install", () => {
    const trying = () => skipLoudly("radosgw", undefined, { isCi: true, say: () => {} });
    expect(trying).toThrow("apt-get install radosgw");
  });

  it("are not run by a file that cannot be run", () => {
    expect(findProgram("chromium", { path })).toBeUndefined();
  });
});
