import type { LoadedVersion, ModelCache } from "../cache/model-cache.ts";
import type { FlightContext } from "../cache/single-flight.ts";
import { modelBytesKey } from "../model/keys.ts";
import type { BytesCache } from "../ports/bytes-cache.ts";
import type { Clock } from "../ports/clock.ts";
import type { Events } from "../ports/events.ts";
import type { ObjectHead, ObjectStore } from "../ports/object-store.ts";
import type { Catalog } from "../routing/catalog.ts";
import { routedVersions } from "../routing/resolve.ts";
import { overwritten } from "./fetch-version.ts";
import type { ObjectTrouble, VersionObjects } from "./version-objects.ts";

export interface CheckObjectDeps {
  readonly store: ObjectStore;
  readonly catalog: Catalog;
  readonly models: ModelCache;
  readonly objects: VersionObjects;
  readonly clock: Clock;
  readonly events: Events;
  /** Told the etag of a re-upload; missing where the platform has none. */
  readonly bytesCache?: BytesCache | undefined;
}

/**
 * - `same`: the object that was loaded.
 * - `uploaded_again`: another object with the same bytes; its etag is the known one from now on.
 * - `refused`: other bytes, or none although an alias answers from the version.
 * - `gone`: none, and no alias answers from the version: somebody deleted it.
 * - `unknown`: the store did not say, or the version left the isolate meanwhile.
 */
export type ObjectVerdict = "same" | "uploaded_again" | "refused" | "gone" | "unknown";

/** At most this many for each call: the others come first the next time. */
const MAX_CHECKS = 5;
const HEAD_DEADLINE_MS = 2_000;
const BYTES_DEADLINE_MS = 10_000;

/**
 * Checks what stands in the bucket under loaded versions, the longest unasked first: at most
 * five, none begun after `untilMs`. One HEAD each; a GET only for an etag that was not seen
 * before. A session is never let go for it, whatever the bucket says. Never throws.
 * @returns the verdicts, by how many objects got each
 */
export async function checkVersionObjects(
  deps: CheckObjectDeps,
  context: FlightContext,
  versions: readonly LoadedVersion[],
  untilMs: number,
): Promise<Readonly<Partial<Record<ObjectVerdict, number>>>> {
  const { objects, clock, models } = deps;
  for (const model of objects.keepOnly(models.loaded())) mark(deps, model);
  const verdicts: Partial<Record<ObjectVerdict, number>> = {};
  const age = (loaded: LoadedVersion) => objects.of(loaded).triedAtMs;
  const due = [...versions].sort((a, b) => age(a) - age(b)).slice(0, MAX_CHECKS);
  for (const loaded of due) {
    if (clock.now() >= untilMs) break;
    const verdict = await checkVersionObject(deps, context, loaded);
    verdicts[verdict] = (verdicts[verdict] ?? 0) + 1;
  }
  return verdicts;
}

async function checkVersionObject(
  deps: CheckObjectDeps,
  context: FlightContext,
  loaded: LoadedVersion,
): Promise<ObjectVerdict> {
  const { store, objects, clock, models } = deps;
  const { model, version } = loaded;
  const known = objects.of(loaded);
  objects.set(loaded, { ...known, triedAtMs: clock.now() });
  const head = await store.head(modelBytesKey(model, version), { deadlineMs: HEAD_DEADLINE_MS });
  if (models.peek(model, version) !== loaded) return "unknown";
  if (!head.ok) return head.failure.reason === "absent" ? missing(deps, loaded) : "unknown";
  const { etag } = head.value;
  if (etag === known.etag) return settle(deps, loaded, etag, "same");
  if (etag === known.trouble?.etag) return refuse(deps, loaded, known.trouble);
  return examine(deps, context, loaded, head.value);
}

/** Another object than the known one: its bytes decide, not its etag. */
async function examine(
  deps: CheckObjectDeps,
  context: FlightContext,
  loaded: LoadedVersion,
  { etag, sizeBytes }: ObjectHead,
): Promise<ObjectVerdict> {
  const { store, models, bytesCache } = deps;
  const { model, version, digest, manifest } = loaded;
  const maxBytes = manifest.size_bytes;
  if (sizeBytes !== maxBytes) {
    return refuse(deps, loaded, trouble(deps, loaded, etag, sizeBytes, `ETag ${etag}`));
  }
  const key = modelBytesKey(model, version);
  const got = await store.get(key, { deadlineMs: BYTES_DEADLINE_MS, maxBytes, sha256: true });
  if (models.peek(model, version) !== loaded || !got.ok) return "unknown";
  // It may have been written once more since the HEAD: what was read is what is judged.
  const { bytes, sha256, etag: read } = got.value;
  if (sha256 !== digest) {
    const found = trouble(deps, loaded, read, bytes.byteLength, `SHA-256 ${sha256}`);
    return refuse(deps, loaded, found);
  }
  if (bytesCache !== undefined) {
    context.background.keep(
      bytesCache.remember(model, version, { digest, etag: read, sizeBytes: bytes.byteLength }),
    );
  }
  return settle(deps, loaded, read, "uploaded_again");
}

function missing(deps: CheckObjectDeps, loaded: LoadedVersion): ObjectVerdict {
  const { catalog, objects, clock } = deps;
  const { model, version } = loaded;
  const aliases = Object.values(catalog.get(model)?.deployment.aliases ?? {});
  // What no alias answers from may be deleted; nothing of Freshet deletes the rest.
  if (!aliases.some((route) => routedVersions(route).includes(version))) {
    return settle(deps, loaded, objects.of(loaded).etag, "gone");
  }
  const known = objects.of(loaded).trouble;
  if (known?.reason === "bytes_missing") return refuse(deps, loaded, known);
  return refuse(deps, loaded, {
    reason: "bytes_missing",
    detail: `version ${version}: model.onnx is not in the bucket any more; the loaded session is served on`,
    etag: undefined,
    sinceMs: known?.sinceMs ?? clock.now(),
  });
}

const trouble = (
  { objects, clock }: CheckObjectDeps,
  loaded: LoadedVersion,
  etag: string,
  sizeBytes: number,
  which: string,
): ObjectTrouble => ({
  reason: "version_overwritten",
  detail: `version ${loaded.version}: ${overwritten(loaded.manifest, sizeBytes, which)}; the loaded session is served on`,
  etag,
  sinceMs: objects.of(loaded).trouble?.sinceMs ?? clock.now(),
});

/** The object is refused, the session stays; told once for each object. */
function refuse(deps: CheckObjectDeps, loaded: LoadedVersion, found: ObjectTrouble): ObjectVerdict {
  const { objects, clock, events } = deps;
  const { model, version, digest } = loaded;
  const known = objects.of(loaded);
  const now = clock.now();
  objects.set(loaded, { ...known, checkedAtMs: now, triedAtMs: now, trouble: found });
  mark(deps, model);
  if (known.trouble !== found) {
    const { reason, detail } = found;
    events.emit({ kind: "version_object_refused", model, version, digest, reason, detail });
  }
  return "refused";
}

function settle<V extends ObjectVerdict>(
  deps: CheckObjectDeps,
  loaded: LoadedVersion,
  etag: string,
  verdict: V,
): V {
  const now = deps.clock.now();
  const wasInTrouble = deps.objects.of(loaded).trouble !== undefined;
  deps.objects.set(loaded, { etag, checkedAtMs: now, triedAtMs: now });
  if (wasInTrouble) mark(deps, loaded.model);
  return verdict;
}

const mark = ({ catalog, objects }: CheckObjectDeps, model: string): void =>
  catalog.mark(model, objects.troubleOf(model));
