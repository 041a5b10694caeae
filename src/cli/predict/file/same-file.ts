import { statSync } from "node:fs";

/** Whether two paths lead to one file, by whatever links; not where one of them leads to none. */
export function isSameFile(one: string, other: string): boolean {
  const [a, b] = [one, other].map((path) =>
    statSync(path, { bigint: true, throwIfNoEntry: false }),
  );
  return a !== undefined && b !== undefined && a.ino === b.ino && a.dev === b.dev;
}
