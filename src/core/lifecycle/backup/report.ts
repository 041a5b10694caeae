import * as z from "zod/mini";
import { backupStatusKey } from "../../model/keys.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { readDocument } from "../read-document.ts";
import type { RegistryFailure } from "../registry-failure.ts";

const count = z.int().check(z.minimum(0));

const failure = z.object({ key: z.string(), reason: z.string() });

/** How a backup went: `backup/status.json` in the first bucket. */
const reportSchema = z.object({
  /** When it began. */
  at: z.iso.datetime(),
  duration_ms: z.number(),
  copied: count,
  unchanged: count,
  /** Of the objects that were copied. */
  bytes: count,
  /** How many objects could not be copied, and the first hundred of them. */
  failures: count,
  failed: z.array(failure),
  /** Both buckets were walked to the end. */
  done: z.boolean(),
  /** Where the next run goes on; missing when this one is done. */
  cursor: z.optional(z.string()),
});

export type BackupReport = z.output<typeof reportSchema>;
export type BackupFailure = z.output<typeof failure>;

export const MAX_FAILED_NAMED = 100;

/** The last backup's report; `undefined` when there was none, or nobody can read it. One GET. */
export async function readBackupReport(
  store: ObjectStore,
): Promise<Result<BackupReport | undefined, RegistryFailure>> {
  const read = await readDocument(store, backupStatusKey, reportSchema);
  if (read.ok) return ok(read.value.value);
  const { reason, detail } = read.failure;
  if (reason === "absent" || reason === "invalid_document") return ok(undefined);
  return fail({ reason: "store_unavailable", detail });
}
