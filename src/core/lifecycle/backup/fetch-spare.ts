import { modelBytesKey } from "../../model/keys.ts";
import type { Manifest } from "../../model/manifest.ts";
import type { Background } from "../../ports/background.ts";
import type { Engine } from "../../ports/engine.ts";
import type { Events } from "../../ports/events.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import {
  type FetchAttempt,
  type FetchedBytes,
  type FetchedVersion,
  maxFileBytes,
  wholeOf,
} from "../fetch-version.ts";
import { readManifest } from "../read-manifest.ts";
import { readBytes } from "./copy-version.ts";
import { isDeletedVersion } from "./is-deleted-version.ts";
import { repairVersion } from "./repair-version.ts";

export interface SpareDeps {
  readonly store: ObjectStore;
  readonly backupStore: ObjectStore;
  readonly engine: Engine;
  readonly events: Events;
}

/** A load has 20 s for both stores. */
const SPARE_DEADLINE_MS = 10_000;

export interface SpareRequest {
  readonly model: string;
  readonly version: string;
  readonly background: Background;
  /** What the version must be, whatever manifests say. */
  readonly published: string | undefined;
}

/**
 * Takes from the second store what the first did not give whole. The first's manifest, when it
 * can be read and was not overwritten, stays the truth: the second's bytes must have its digest. A version that was
 * deleted is not brought back. What was missing or damaged in the first is repaired in the
 * background; a store that merely does not answer never is.
 * @returns `undefined` when the second store does not have it whole either
 */
export async function fetchSpare(
  deps: SpareDeps,
  attempt: FetchAttempt,
  { model, version, background, published }: SpareRequest,
): Promise<FetchedVersion | undefined> {
  const isUnknown = !attempt.manifest.ok && attempt.manifest.failure.reason === "version_not_found";
  if (isUnknown && (await isDeletedVersion(deps, model, version))) return undefined;
  const manifest = await spareManifest(deps, attempt, { model, version, published });
  if (manifest === undefined) return undefined;
  const bytes = await spareBytes(deps, attempt, manifest);
  if (bytes === undefined) return undefined;
  const whole = wholeOf(attempt, published);
  if (!whole.ok) {
    const { reason, detail } = whole.failure;
    deps.events.emit({ kind: "served_from_backup", model, version, reason, detail });
  }
  background.keep(repairVersion(deps, attempt, { manifest, bytes }));
  return { manifest, bytes };
}

async function spareManifest(
  { backupStore }: SpareDeps,
  { manifest }: FetchAttempt,
  { model, version, published }: Omit<SpareRequest, "background">,
): Promise<Manifest | undefined> {
  const isRight = ({ digest }: Manifest) => published === undefined || digest === published;
  if (manifest.ok && isRight(manifest.value)) return manifest.value;
  const spare = await readManifest(backupStore, model, version);
  return spare.ok && isRight(spare.value) ? spare.value : undefined;
}

async function spareBytes(
  deps: SpareDeps,
  { bytes }: FetchAttempt,
  { name, version, digest }: Manifest,
): Promise<FetchedBytes | undefined> {
  if (bytes.ok && bytes.value.sha256 === digest) return bytes.value;
  const key = modelBytesKey(name, version);
  const spare = await readBytes(deps.backupStore, key, maxFileBytes(deps), SPARE_DEADLINE_MS);
  if (typeof spare === "string" || spare.sha256 !== digest) return undefined;
  return { ...spare, from: "backup" };
}
