import { type Bundle, type BundleDraft, bundleSchema } from "../../model/bundle.ts";
import { bundleKey } from "../../model/keys.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { MAX_DOCUMENT_BYTES, parseDocument } from "../read-document.ts";
import type { RegistryFailure } from "../registry-failure.ts";
import { writeDocument } from "../write-document.ts";
import { checkReferences } from "./check-references.ts";
import { referencesOf } from "./named-versions.ts";
import { bundleFailure, noBundle } from "./read-bundle.ts";

export interface PutBundleDeps {
  readonly store: ObjectStore;
  readonly clock: Clock;
  /** 0 ≤ r < 1, for the jitter between tries. */
  readonly random: () => number;
}

/** What must hold for a PUT: nothing, that there is none, that there is one, or that it is this one. */
export type PutCondition = "any" | "absent" | "present" | { readonly etag: string };

export interface PutBundle {
  readonly bundle: Bundle;
  readonly etag: string;
  readonly created: boolean;
}

/** What stands under the name now; the bundle is missing where it cannot be read. */
interface Current {
  readonly etag: string;
  readonly bundle: Bundle | undefined;
}

const READ_DEADLINE_MS = 5_000;
const MAX_TRIES = 20;
const FIRST_DELAY_MS = 10;
const MAX_DELAY_MS = 400;

/**
 * Makes a bundle, or replaces it as a whole, by compare-and-swap: two writers at once leave one
 * of the two bundles, and `rev` counts both. The same content again writes nothing.
 * One GET and one PUT a try, and what `checkReferences` costs.
 */
export async function putBundle(
  deps: PutBundleDeps,
  name: string,
  draft: BundleDraft,
  condition: PutCondition,
): Promise<Result<PutBundle, RegistryFailure>> {
  const checked = await checkReferences(deps.store, referencesOf(draft));
  if (!checked.ok) return checked;
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    if (tries > 0) await pause(deps, tries);
    const put = await tryPut(deps.store, name, draft, condition);
    if (put !== "lost") return put;
  }
  return fail({
    reason: "revision_conflict",
    detail: `others changed the bundle '${name}' ${MAX_TRIES} times meanwhile; try again`,
  });
}

async function tryPut(
  store: ObjectStore,
  name: string,
  draft: BundleDraft,
  condition: PutCondition,
): Promise<Result<PutBundle, RegistryFailure> | "lost"> {
  const read = await readCurrent(store, name);
  if (!read.ok) return read;
  const current = read.value;
  const refused = refuseUnless(condition, name, current);
  if (refused !== undefined) return fail(refused);
  const rev = current?.bundle?.rev ?? 0;
  if (current?.bundle !== undefined && isSame(current.bundle, draft)) {
    return ok({ bundle: current.bundle, etag: current.etag, created: false });
  }
  const bundle: Bundle = { name, ...draft, rev: rev + 1 };
  const when = current === undefined ? "absent" : { etag: current.etag };
  const written = await writeDocument(store, bundleKey(name), bundle, when);
  if (written.ok) return ok({ bundle, etag: written.value.etag, created: current === undefined });
  return written.failure.reason === "precondition_lost"
    ? "lost"
    : fail(bundleFailure(name, written.failure));
}

/** A damaged one can be replaced: its etag is known even so. */
async function readCurrent(
  store: ObjectStore,
  name: string,
): Promise<Result<Current | undefined, RegistryFailure>> {
  const key = bundleKey(name);
  const got = await store.get(key, { deadlineMs: READ_DEADLINE_MS, maxBytes: MAX_DOCUMENT_BYTES });
  if (!got.ok) {
    return got.failure.reason === "absent" ? ok(undefined) : fail(bundleFailure(name, got.failure));
  }
  const { bytes, etag } = got.value;
  const parsed = parseDocument(key, bytes, bundleSchema);
  const isIts = parsed.ok && parsed.value.name === name;
  return ok({ etag, bundle: isIts ? parsed.value : undefined });
}

function refuseUnless(
  condition: PutCondition,
  name: string,
  current: Current | undefined,
): RegistryFailure | undefined {
  if (condition === "any") return undefined;
  if (condition === "absent") {
    return current === undefined ? undefined : lost(`there is a bundle '${name}' already`);
  }
  if (current === undefined)
    return condition === "present" ? lost(noBundle(name).detail) : gone(name);
  if (condition === "present" || condition.etag === current.etag) return undefined;
  return lost(`the bundle '${name}' is not the one of If-Match any more: read it again`);
}

const lost = (detail: string): RegistryFailure => ({ reason: "precondition_failed", detail });

const gone = (name: string): RegistryFailure =>
  lost(`the bundle '${name}' of If-Match is not there any more`);

const isSame = (bundle: Bundle, { references, description, warm = false }: BundleDraft): boolean =>
  bundle.references.join() === references.join() &&
  bundle.description === description &&
  (bundle.warm ?? false) === warm;

function pause({ clock, random }: PutBundleDeps, tries: number): Promise<void> {
  return clock.after(random() * Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** tries)).done;
}
