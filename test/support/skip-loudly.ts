import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { describe } from "vitest";

/** Debian packages that some tests need, and the programs of each. */
const PROGRAMS = {
  "redis-server": ["redis-server"],
  radosgw: ["radosgw", "radosgw-admin"],
  "ceph-mon": ["ceph-mon", "monmaptool", "ceph"],
  "ceph-osd": ["ceph-osd"],
  chromium: ["chromium"],
} as const;

export type SystemPackage = keyof typeof PROGRAMS;

interface Surroundings {
  readonly path: string;
  readonly isCi: boolean;
  say(notice: string): void;
}

const here = (): Surroundings => ({
  path: process.env.PATH ?? "",
  isCi: /^(1|true)$/i.test(process.env.CI ?? ""),
  say: (notice) => void process.stderr.write(`\nSKIPPED: ${notice}\n`),
});

/** Where a program is on the path; `undefined` when it is not, or cannot be run. */
export const findProgram = (
  program: string,
  { path }: Pick<Surroundings, "path"> = here(),
): string | undefined =>
  path
    .split(delimiter)
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, program))
    .find(isProgram);

/**
 * Whether tests that need a system package are to be skipped; says so when they are.
 * @throws on CI, where a skip would hide a hole
 */
export function skipLoudly(
  name: SystemPackage,
  found: string | undefined,
  { isCi, say }: Pick<Surroundings, "isCi" | "say"> = here(),
): boolean {
  if (found !== undefined) return false;
  const notice = `tests need the package ${name}: apt-get install ${name}`;
  if (isCi) throw new Error(notice);
  say(notice);
  return true;
}

/** `describe` for tests that need all of these packages. */
export function describeNeeding(
  packages: readonly SystemPackage[],
  title: string,
  body: () => void,
): void {
  const skips = packages.map((name) => skipLoudly(name, findPackage(name)));
  describe.skipIf(skips.includes(true))(title, body);
}

/** One of its programs, when all of them are there. */
function findPackage(name: SystemPackage): string | undefined {
  const found = PROGRAMS[name].map((program) => findProgram(program));
  return found.includes(undefined) ? undefined : found[0];
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
