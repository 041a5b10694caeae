import type { FlightContext } from "../../cache/single-flight.ts";
import type { Bundle } from "../../model/bundle.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import type { RegistryFailure } from "../registry-failure.ts";
import type { BundleCatalog, BundleEntry } from "./bundle-catalog.ts";
import { bundleFailure, readBundle } from "./read-bundle.ts";

export interface FindBundleDeps {
  readonly store: ObjectStore;
  readonly bundles: BundleCatalog;
  readonly clock: Clock;
}

const REVALIDATE_MS = 5_000;

/**
 * The bundle to go by. A known one is answered at once, and checked in the background when the
 * last check is five seconds old; only one that this isolate has not seen costs a GET.
 */
export async function findBundle(
  deps: FindBundleDeps,
  context: FlightContext,
  name: string,
): Promise<Result<Bundle, RegistryFailure>> {
  const known = deps.bundles.get(name);
  if (known !== undefined) {
    revalidate(deps, context, known);
    return ok(known.bundle);
  }
  const { value: found } = await deps.bundles.finds.join(context, name, () =>
    readFirst(deps, name),
  );
  return found.ok ? ok(found.value.bundle) : found;
}

function revalidate(deps: FindBundleDeps, context: FlightContext, known: BundleEntry): void {
  const now = deps.clock.now();
  if (now - known.triedAtMs < REVALIDATE_MS) return;
  // Marked before the answer is there: one check at a time, and one that died is tried again later.
  deps.bundles.set(known.bundle.name, { ...known, triedAtMs: now });
  context.background.keep(confirm(deps, known));
}

/** Takes over what has changed. What cannot be read leaves the known one as it is. */
async function confirm(deps: FindBundleDeps, { bundle, etag }: BundleEntry): Promise<void> {
  const { name } = bundle;
  const read = await readBundle(deps.store, name, etag);
  // Somebody put another one meanwhile: this answer is older.
  if (deps.bundles.get(name)?.etag !== etag) return;
  if (read.ok) deps.bundles.set(name, entryOf(deps, read.value.value, read.value.etag));
  else if (read.failure.reason === "absent") deps.bundles.forget(name);
}

async function readFirst(
  deps: FindBundleDeps,
  name: string,
): Promise<Result<BundleEntry, RegistryFailure>> {
  const read = await readBundle(deps.store, name);
  if (!read.ok) return fail(bundleFailure(name, read.failure));
  const entry = entryOf(deps, read.value.value, read.value.etag);
  deps.bundles.set(name, entry);
  return ok(entry);
}

const entryOf = ({ clock }: FindBundleDeps, bundle: Bundle, etag: string): BundleEntry => ({
  bundle,
  etag,
  triedAtMs: clock.now(),
});
