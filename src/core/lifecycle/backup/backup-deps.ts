import type { Events } from "../../ports/events.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import type { PointerDeps } from "../pointer/move-pointer.ts";

/** What backup, verification and restore need: both buckets. `store` is the first. */
export interface BackupDeps extends PointerDeps {
  /** The second bucket. */
  readonly backup: ObjectStore;
  readonly events: Events;
  /** Largest file in bytes that is copied: it passes through an isolate's memory. */
  readonly maxBytes: number;
}

/** Milliseconds that moving a version's bytes one way may take. */
export const BYTES_DEADLINE_MS = 20_000;
