import { createHash } from "node:crypto";
import { listKeys } from "../../src/core/lifecycle/list-keys.ts";
import { namedVersions } from "../../src/core/lifecycle/pointer/check-route.ts";
import { readDeployment } from "../../src/core/lifecycle/read-deployment.ts";
import { readDocument } from "../../src/core/lifecycle/read-document.ts";
import { readManifest } from "../../src/core/lifecycle/read-manifest.ts";
import { type Deployment, type Move, moveSchema } from "../../src/core/model/deployment.ts";
import { historyPrefix, modelBytesKey, modelPrefix } from "../../src/core/model/keys.ts";
import type { ObjectStore } from "../../src/core/ports/object-store.ts";
import { routeOf } from "../../src/core/routing/resolve.ts";
import { must } from "./must.ts";
import { createStillStore } from "./registry-watched-store.ts";

/** The objects of each version that must never change: key → SHA-256. */
export type VersionSnapshot = ReadonlyMap<string, string>;

const READ = { deadlineMs: 10_000, maxBytes: 10_000_000 };
const NEVER_CHANGES = /\/versions\/\d+\/(model\.onnx|manifest\.json)$/;

/**
 * What is wrong with a model in a bucket: empty for a valid registry. Looks at objects alone.
 * @param before what the versions were earlier: none of it may be otherwise, or gone without a deletion
 */
export async function findProblems(
  store: ObjectStore,
  model: string,
  before: VersionSnapshot = new Map(),
): Promise<readonly string[]> {
  // Several checks look at the same objects.
  const still = createStillStore(store);
  const read = await readDeployment(still, model);
  const deployment = read.ok ? read.value.value : undefined;
  return [
    ...(deployment === undefined ? [] : await aliasProblems(still, deployment)),
    ...(await versionProblems(still, model, deployment?.deleted ?? [])),
    ...(deployment === undefined ? [] : await historyProblems(still, deployment)),
    ...(await changes(still, model, deployment?.deleted ?? [], before)),
  ];
}

export async function snapshotVersions(store: ObjectStore, model: string) {
  const snapshot = new Map<string, string>();
  for (const { key } of must(await listKeys(store, modelPrefix(model)))) {
    if (NEVER_CHANGES.test(key)) snapshot.set(key, await hashOf(store, key));
  }
  return snapshot;
}

/** Every entry of a model's history with the pointer's own, oldest first. */
export async function wholeHistory(store: ObjectStore, deployment: Deployment): Promise<Move[]> {
  const keys = must(await listKeys(store, historyPrefix(deployment.model)));
  const read = await Promise.all(keys.map(({ key }) => readDocument(store, key, moveSchema)));
  const moves: Move[] = read.map((entry) => must(entry).value);
  const { last_move: last } = deployment;
  if (last !== undefined && !moves.some(({ rev }) => rev === last.rev)) moves.push(last);
  return moves.sort((a, b) => a.rev - b.rev);
}

async function aliasProblems(store: ObjectStore, deployment: Deployment) {
  const problems: string[] = [];
  for (const [alias, route] of Object.entries(deployment.aliases)) {
    for (const version of namedVersions(route)) {
      if (deployment.deleted?.includes(version)) problems.push(`${alias} names deleted ${version}`);
      const manifest = await readManifest(store, deployment.model, version);
      if (!manifest.ok) problems.push(`${alias} names ${version}: ${manifest.failure.reason}`);
    }
  }
  return problems;
}

async function versionProblems(store: ObjectStore, model: string, deleted: readonly string[]) {
  const problems: string[] = [];
  for (const { key } of must(await listKeys(store, modelPrefix(model)))) {
    const version = /\/versions\/(\d+)\/manifest\.json$/.exec(key)?.[1];
    if (version === undefined || deleted.includes(version)) continue;
    const manifest = must(await readManifest(store, model, version));
    const digest = await hashOf(store, modelBytesKey(model, version));
    if (digest !== manifest.digest) problems.push(`version ${version} has bytes ${digest}`);
  }
  return problems;
}

async function historyProblems(store: ObjectStore, deployment: Deployment) {
  const moves = await wholeHistory(store, deployment);
  const problems: string[] = [];
  for (const [index, move] of moves.entries()) {
    const previous = moves[index - 1];
    if (move.rev !== index + 1) problems.push(`entry ${index + 1} is of revision ${move.rev}`);
    if (previous !== undefined && move.at < previous.at) problems.push(`${move.rev} is too early`);
    if (move.alias === undefined) continue;
    const before = previous === undefined ? undefined : routeOf(previous, move.alias);
    const was = JSON.stringify(before ?? null);
    if (JSON.stringify(move.from) !== was) problems.push(`${move.rev} does not follow on`);
  }
  const last = moves.at(-1);
  if (last?.rev !== deployment.rev) problems.push(`history ends at ${last?.rev}`);
  if (JSON.stringify(last?.aliases) !== JSON.stringify(deployment.aliases)) {
    problems.push("history ends otherwise than the pointer");
  }
  return problems;
}

async function changes(
  store: ObjectStore,
  model: string,
  deleted: readonly string[],
  before: VersionSnapshot,
) {
  if (before.size === 0) return [];
  const now = await snapshotVersions(store, model);
  return [...before].flatMap(([key, hash]) => {
    const version = /\/versions\/(\d+)\//.exec(key)?.[1] ?? "";
    const isGone = now.get(key) === undefined && deleted.includes(version);
    return now.get(key) === hash || isGone ? [] : [`${key} changed`];
  });
}

async function hashOf(store: ObjectStore, key: string): Promise<string> {
  const got = await store.get(key, READ);
  return got.ok ? createHash("sha256").update(got.value.bytes).digest("hex") : got.failure.reason;
}
