import { LRUCache } from "lru-cache";
import { SingleFlight } from "../../cache/single-flight.ts";
import type { Bundle } from "../../model/bundle.ts";
import type { Result } from "../../model/result.ts";
import { DOCUMENT_DEADLINE_MS } from "../read-document.ts";
import type { RegistryFailure } from "../registry-failure.ts";

/** One bundle as this isolate knows it. */
export interface BundleEntry {
  readonly bundle: Bundle;
  readonly etag: string;
  /** When somebody last tried to confirm it, with or without luck. */
  readonly triedAtMs: number;
}

const MAX_BUNDLES = 1_000;

/** The bundles that an isolate has read. State alone: what reads them is loaded when it is asked for. */
export class BundleCatalog {
  readonly #entries = new LRUCache<string, BundleEntry>({ max: MAX_BUNDLES });
  /** First reads that are under way. */
  readonly finds = new SingleFlight<Result<BundleEntry, RegistryFailure>>(
    DOCUMENT_DEADLINE_MS + 1_000,
  );

  get(name: string): BundleEntry | undefined {
    return this.#entries.get(name);
  }

  set(name: string, entry: BundleEntry): void {
    this.#entries.set(name, entry);
  }

  /** Every bundle that is known. */
  all(): readonly Bundle[] {
    return [...this.#entries.values()].map(({ bundle }) => bundle);
  }

  forget(name: string): void {
    this.#entries.delete(name);
  }
}
