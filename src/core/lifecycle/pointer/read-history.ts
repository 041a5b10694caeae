import { type Move, moveSchema, type Route } from "../../model/deployment.ts";
import { historyKey, historyPrefix } from "../../model/keys.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { listKeys } from "../list-keys.ts";
import { readDocument } from "../read-document.ts";
import type { RegistryFailure } from "../registry-failure.ts";
import { currentDeployment } from "./current-deployment.ts";
import { isRecorded } from "./external-move.ts";

export interface HistoryPage {
  /** Newest first. */
  readonly items: readonly Move[];
  /** Revision to go on before; missing at the beginning of time. */
  readonly nextBefore?: number;
}

interface Ledger {
  readonly model: string;
  /** Revisions that have an entry, ascending. */
  readonly revs: readonly number[];
  /** The newest move, which may not have its entry yet. */
  readonly last: Move | undefined;
}

/** Moves of a model's pointer before a revision, newest first. One LIST per thousand moves, one GET per item. */
export async function readHistory(
  store: ObjectStore,
  model: string,
  { before, limit }: { readonly before?: number | undefined; readonly limit: number },
): Promise<Result<HistoryPage, RegistryFailure>> {
  const ledger = await openLedger(store, model);
  if (!ledger.ok) return ledger;
  const older = ledger.value.revs.filter((rev) => before === undefined || rev < before);
  const wanted = older.slice(-limit).reverse();
  const items = await Promise.all(wanted.map((rev) => readMove(store, ledger.value, rev)));
  const moves: Move[] = [];
  for (const item of items) {
    if (!item.ok) return item;
    moves.push(item.value);
  }
  const last = wanted.at(-1);
  const isMore = older.length > wanted.length && last !== undefined;
  return ok({ items: moves, ...(isMore ? { nextBefore: last } : {}) });
}

/** What each alias pointed at, at a time. Finds the last move up to it by halving: few GETs. */
export async function routesAt(
  store: ObjectStore,
  model: string,
  atMs: number,
): Promise<Result<Readonly<Record<string, Route>>, RegistryFailure>> {
  const ledger = await openLedger(store, model);
  if (!ledger.ok) return ledger;
  const { revs } = ledger.value;
  let found: Move | undefined;
  let low = 0;
  let high = revs.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const move = await readMove(store, ledger.value, revs[middle] ?? 0);
    if (!move.ok) return move;
    if (Date.parse(move.value.at) <= atMs) {
      found = move.value;
      low = middle + 1;
    } else {
      high = middle - 1;
    }
  }
  return ok(found?.aliases ?? {});
}

async function openLedger(
  store: ObjectStore,
  model: string,
): Promise<Result<Ledger, RegistryFailure>> {
  // The pointer first: every move before the one it holds has an entry by then.
  const deployment = await currentDeployment(store, model);
  const keys = await listKeys(store, historyPrefix(model));
  if (!keys.ok) return fail({ reason: "store_unavailable", detail: keys.failure.detail });
  if (!deployment.ok) {
    // The history outlives its pointer, lost or damaged.
    const { reason } = deployment.failure;
    const isOutlived = reason === "model_not_found" || reason === "deployment_unreadable";
    if (!isOutlived || keys.value.length === 0) return deployment;
  }
  const current = deployment.ok ? deployment.value.value : undefined;
  const last = current !== undefined && isRecorded(current) ? current.last_move : undefined;
  const revs = new Set(keys.value.map(({ key }) => revOf(key)).filter(Number.isSafeInteger));
  if (last !== undefined) revs.add(last.rev);
  return ok({ model, revs: [...revs].sort((a, b) => a - b), last });
}

const revOf = (key: string): number =>
  Number(/\/history\/(\d+)\.json$/.exec(key)?.[1] ?? Number.NaN);

async function readMove(
  store: ObjectStore,
  { model, last }: Ledger,
  rev: number,
): Promise<Result<Move, RegistryFailure>> {
  if (last?.rev === rev) return ok(last);
  const read = await readDocument(store, historyKey(model, rev), moveSchema);
  if (read.ok) return ok(read.value.value);
  const { detail } = read.failure;
  return fail({ reason: "store_unavailable", detail: `the history cannot be read: ${detail}` });
}
