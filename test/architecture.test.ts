import { execFile } from "node:child_process";
import { cp, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ROOT = resolve(import.meta.dirname, "..");
const HELD = [
  "src",
  "functions",
  "package.json",
  "biome.json",
  "core-purity.grit",
  ".dependency-cruiser.cjs",
  "tsconfig.base.json",
  "tsconfig.worker.json",
];

interface Verdict {
  readonly passes: boolean;
  readonly output: string;
}

function runTool(cwd: string, tool: string, args: readonly string[]): Promise<Verdict> {
  return new Promise((done) => {
    const command = join(ROOT, "node_modules", ".bin", tool);
    execFile(command, args, { cwd, maxBuffer: 1 << 24 }, (error, stdout, stderr) => {
      done({ passes: error === null, output: stdout + stderr });
    });
  });
}

const typeCheckCore = (cwd: string) => runTool(cwd, "tsc", ["-p", "src/core"]);
const cruise = (cwd: string) =>
  runTool(cwd, "depcruise", ["--config", ".dependency-cruiser.cjs", "src", "functions"]);
const lintCore = (cwd: string) =>
  runTool(cwd, "biome", ["lint", "--vcs-enabled=false", "src/core"]);

describe("the house holds its direction", { timeout: 120_000 }, () => {
  let copy = "";

  beforeAll(async () => {
    copy = await mkdtemp(join(tmpdir(), "freshet-house-"));
    for (const path of HELD) await cp(join(ROOT, path), join(copy, path), { recursive: true });
    await symlink(join(ROOT, "node_modules"), join(copy, "node_modules"));
  });

  afterAll(() => rm(copy, { recursive: true, force: true }));

  /** Plants a file, asks a tool, and takes the file away again. */
  async function plant(
    path: string,
    code: string,
    ask: (cwd: string) => Promise<Verdict>,
  ): Promise<Verdict> {
    await writeFile(join(copy, path), code);
    try {
      return await ask(copy);
    } finally {
      await rm(join(copy, path));
    }
  }

  it("as it stands", async () => {
    const verdicts = await Promise.all([typeCheckCore(ROOT), cruise(ROOT), lintCore(ROOT)]);
    expect(verdicts.map(({ passes, output }) => (passes ? "" : output))).toEqual(["", "", ""]);
  });

  it("so that the core cannot name an ambient platform type", async () => {
    const { passes, output } = await plant(
      "src/core/planted.ts",
      "export type Leak = Response;\n",
      typeCheckCore,
    );
    expect(passes).toBe(false);
    expect(output).toMatch(/planted\.ts.*Response/);
  });

  it.each([
    [
      "the core an adapter, not even by type",
      "src/core/planted.ts",
      'import type { LogLevel } from "../adapters/console/events.ts";\nexport type Leak = LogLevel;\n',
      "core-points-inward",
    ],
    [
      "the core a platform's package",
      "src/core/planted.ts",
      'import { AwsClient } from "aws4fetch";\nexport const leak = AwsClient;\n',
      "core-imports-no-platform-package",
    ],
    [
      "one adapter another",
      "src/adapters/console/planted.ts",
      'import { createSystemClock } from "../web-platform/clock.ts";\nexport const leak = createSystemClock;\n',
      "adapters-know-core-only",
    ],
    [
      "a door an adapter",
      "src/http/planted.ts",
      'import { createSystemClock } from "../adapters/web-platform/clock.ts";\nexport const leak = createSystemClock;\n',
      "http-knows-core-only",
    ],
    [
      "the cron door the HTTP door",
      "src/cron/planted.ts",
      'import { refuse } from "../http/refuse.ts";\nexport const leak = refuse;\n',
      "cron-knows-core-only",
    ],
  ])("so that nothing imports against it: %s", async (_what, path, code, rule) => {
    const { passes, output } = await plant(path, code, cruise);
    expect(passes).toBe(false);
    expect(output).toContain(rule);
  });

  it.each([
    "Date.now()",
    "new Date()",
    "Math.random()",
    'fetch("/")',
    "setTimeout(() => 0, 1)",
    'console.log("x")',
    "performance.now()",
    "crypto.randomUUID()",
  ])("so that the core cannot reach for %s", async (expression) => {
    const { passes, output } = await plant(
      "src/core/planted.ts",
      `export const leak = () => ${expression};\n`,
      lintCore,
    );
    expect(passes).toBe(false);
    expect(output).toContain("planted.ts");
  });
});
