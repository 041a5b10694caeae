import { DOCUMENT_DEADLINE_MS } from "../read-document.ts";
import type { BackupDeps } from "./backup-deps.ts";
import { readSmall } from "./copy-small.ts";
import type { Tally } from "./tally.ts";

/**
 * Copies one small object from the backup to where nothing is. One GET and one PUT.
 * @returns whether the first bucket now has it, from here or from a faster writer
 */
export async function putBack(
  { store, backup }: BackupDeps,
  tally: Tally,
  key: string,
): Promise<boolean> {
  const source = await readSmall(backup, key);
  if (typeof source === "string") {
    tally.fail(key, `backup_${source}`);
    return false;
  }
  const written = await store.put(key, source.bytes, {
    deadlineMs: DOCUMENT_DEADLINE_MS,
    when: "absent",
    contentType: "application/json",
  });
  if (written.ok) tally.copy(source.bytes.byteLength);
  else if (written.failure.reason === "precondition_lost") tally.unchanged += 1;
  else {
    tally.fail(key, written.failure.reason);
    return false;
  }
  return true;
}
