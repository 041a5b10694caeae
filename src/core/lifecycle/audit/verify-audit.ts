import { auditHeadKey, auditPrefix } from "../../model/keys.ts";
import { ok, type Result } from "../../model/result.ts";
import type { Digest } from "../../ports/digest.ts";
import type { ObjectStore, StoreFailure } from "../../ports/object-store.ts";
import { sha256Of } from "../hash-bytes.ts";
import { inParallel } from "../in-parallel.ts";
import { listKeys } from "../list-keys.ts";
import { readHead, writeDown } from "./chain-head.ts";
import { type AuditFailure, type AuditLink, textBytes } from "./entry.ts";
import { readLink, type StoredLink } from "./read-link.ts";
import { unavailable } from "./record-action.ts";

export interface AuditProblem {
  readonly key: string;
  /**
   * - `missing`: its successor (or the head) names it, and it is not there.
   * - `altered`: its bytes are not those that its successor (or the head) names, or it is no entry.
   * - `added`: it is there and no entry of the chain names it.
   * - `chain_broken`: nothing vouches for it, since what follows it is gone or unreadable.
   */
  readonly problem: "missing" | "altered" | "added" | "chain_broken";
}

export interface AuditReport {
  readonly ok: boolean;
  /** Entries of the chain that were found. */
  readonly entries: number;
  /** What to compare with an earlier report or a log line; `null` without a head. */
  readonly head: AuditLink | null;
  readonly problems: readonly AuditProblem[];
}

/**
 * Walks the chain from the head to the first entry and looks for objects that are not in it. An
 * entry that a dead writer left in the head alone is written down and no problem. One LIST per
 * thousand entries, one GET per entry; holds a hash per entry.
 */
export async function verifyAudit({
  store,
  digest,
}: {
  readonly store: ObjectStore;
  readonly digest: Digest;
}): Promise<Result<AuditReport, AuditFailure>> {
  // Listed before the head is read: what is written meanwhile is then found by its successor.
  const listed = await listKeys(store, auditPrefix);
  if (!listed.ok) return unavailable(listed.failure);
  const keys = listed.value.map(({ key }) => key).filter((key) => key !== auditHeadKey);
  const read = await inParallel(keys, (key) => readLink(store, key));
  if (!read.ok) return unavailable(read.failure);
  const links = new Map<string, StoredLink>();
  for (const link of read.value) if (link !== undefined) links.set(link.key, link);
  const start = await readStart(store, digest, keys.length > 0);
  if (!start.ok) return unavailable(start.failure);
  const { head, problem } = start.value;
  const found = await walk(store, links, head);
  if (!found.ok) return unavailable(found.failure);
  const problems: AuditProblem[] = [
    ...(problem === undefined ? [] : [{ key: auditHeadKey, problem }]),
    ...found.value.problems,
  ];
  const { entries } = found.value;
  return ok({ ok: problems.length === 0, entries, head: head ?? null, problems });
}

interface Start {
  readonly head: AuditLink | undefined;
  /** What is wrong with `head.json` itself. */
  readonly problem?: "missing" | "altered";
}

/** Where the chain ends, once the head's entry has an object of its own. */
async function readStart(
  store: ObjectStore,
  digest: Digest,
  hasEntries: boolean,
): Promise<Result<Start, StoreFailure>> {
  const read = await readHead(store);
  if (!read.ok) {
    if (read.failure.reason !== "invalid_document") return { ok: false, failure: read.failure };
    return ok({ head: undefined, problem: "altered" });
  }
  const { head } = read.value;
  if (head === undefined) {
    return ok({ head: undefined, ...(hasEntries ? { problem: "missing" } : {}) });
  }
  const written = await writeDown(store, head);
  if (!written.ok) return written;
  return ok({ head: { key: head.key, sha256: await sha256Of(digest, textBytes(head.text)) } });
}

/** What is to come next: where, and what it must hash to where somebody vouches for it. */
interface Expected {
  readonly key: string;
  readonly sha256?: string;
}

async function walk(
  store: ObjectStore,
  rest: Map<string, StoredLink>,
  head: AuditLink | undefined,
): Promise<Result<Pick<AuditReport, "entries" | "problems">, StoreFailure>> {
  const problems: AuditProblem[] = [];
  const seen = new Set<string>();
  /** Goes on at the newest entry before a gap. */
  const bridge = (before: string | undefined): Expected | undefined => {
    const key = newestKey(rest, before);
    if (key === undefined) return undefined;
    if (before !== undefined) problems.push({ key, problem: "chain_broken" });
    return { key };
  };
  let expected: Expected | undefined = head ?? bridge(undefined);
  while (expected !== undefined) {
    const { key, sha256 }: Expected = expected;
    const link = await take(store, rest, key);
    if (!link.ok) return link;
    if (link.value === undefined) {
      problems.push({ key, problem: "missing" });
      expected = bridge(key);
      continue;
    }
    seen.add(key);
    const { prev } = link.value;
    const isAltered = sha256 !== undefined && link.value.sha256 !== sha256;
    if (isAltered || prev === undefined) problems.push({ key, problem: "altered" });
    // What an altered entry says of the one before it is believed where it is the obvious one.
    const isForged = isAltered && prev?.key !== newestKey(rest, key);
    if (prev === null && !isForged) break;
    const isPassed = prev != null && seen.has(prev.key);
    expected = prev == null || isForged || isPassed ? bridge(key) : prev;
  }
  for (const key of rest.keys()) problems.push({ key, problem: "added" });
  return ok({ entries: seen.size, problems });
}

/** Takes a link out of those that were listed; one that was written since is read. */
async function take(
  store: ObjectStore,
  rest: Map<string, StoredLink>,
  key: string,
): Promise<Result<StoredLink | undefined, StoreFailure>> {
  const link = rest.get(key);
  if (link === undefined) return readLink(store, key);
  rest.delete(key);
  return ok(link);
}

function newestKey(
  links: ReadonlyMap<string, StoredLink>,
  before: string | undefined,
): string | undefined {
  let newest: string | undefined;
  for (const key of links.keys()) {
    if (before !== undefined && key >= before) continue;
    if (newest === undefined || key > newest) newest = key;
  }
  return newest;
}
