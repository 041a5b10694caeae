import { ulid } from "ulid";
import { createNodeDigest } from "../../../infra/local/node-digest.ts";
import { createMemoryObjectStore } from "../../../src/adapters/memory/object-store.ts";
import {
  type AdminAction,
  type AuditDeps,
  recordAction,
} from "../../../src/core/lifecycle/audit/record-action.ts";
import { verifyAudit } from "../../../src/core/lifecycle/audit/verify-audit.ts";
import { listKeys } from "../../../src/core/lifecycle/list-keys.ts";
import { auditHeadKey } from "../../../src/core/model/keys.ts";
import type { FreshetEvent } from "../../../src/core/ports/events.ts";
import type { ObjectStore } from "../../../src/core/ports/object-store.ts";
import { type ChaosStore, createChaosStore } from "../../support/chaos-store.ts";
import { createManualClock, type ManualClock } from "../../support/manual-clock.ts";
import { must } from "../../support/must.ts";

/** An audit chain without an outside. */
export interface Chain {
  readonly deps: AuditDeps;
  readonly bucket: ObjectStore;
  readonly store: ChaosStore;
  readonly clock: ManualClock;
  readonly events: readonly FreshetEvent[];
  /** Calls of the store since the last look. */
  calls(): readonly string[];
  record(action?: Partial<AdminAction>): ReturnType<typeof recordAction>;
  verify(): Promise<Awaited<ReturnType<typeof reportOf>>>;
  /** Keys of the entries, oldest first. */
  entryKeys(): Promise<readonly string[]>;
  read(key: string): Promise<string>;
  write(key: string, text: string): Promise<void>;
  remove(key: string): Promise<void>;
}

const DEADLINE = { deadlineMs: 1_000 };

export const ACTION: AdminAction = {
  actor: "admin",
  action: "promote",
  model: "iris",
  target: "production",
  requestId: "r-1",
  params: { from: "staging", to: "production" },
};

export function createChain(): Chain {
  const digest = createNodeDigest();
  const bucket = createMemoryObjectStore({ digest });
  const lines: string[] = [];
  const events: FreshetEvent[] = [];
  const store = createChaosStore(bucket, (line) => void lines.push(line));
  const clock = createManualClock();
  const deps: AuditDeps = {
    store,
    digest,
    clock,
    events: { emit: (event) => void events.push(event) },
    random: () => 0.5,
    newUlid: ulid,
  };
  return {
    deps,
    bucket,
    store,
    clock,
    events,
    calls: () => lines.splice(0),
    record: (action) => recordAction(deps, { ...ACTION, ...action }),
    verify: () => reportOf(verifyAudit({ store, digest })),
    async entryKeys() {
      const listed = must(await listKeys(bucket, "audit/"));
      return listed.map(({ key }) => key).filter((key) => key !== auditHeadKey);
    },
    async read(key) {
      const got = must(await bucket.get(key, { ...DEADLINE, maxBytes: 1_000_000 }));
      return new TextDecoder().decode(got.bytes);
    },
    async write(key, text) {
      must(await bucket.put(key, new TextEncoder().encode(text), DEADLINE));
    },
    async remove(key) {
      must(await bucket.delete(key, DEADLINE));
    },
  };
}

const reportOf = async (verified: ReturnType<typeof verifyAudit>) => must(await verified);

/** Lets a manual clock run until some work is done. */
export async function whileTimePasses<T>(clock: ManualClock, work: Promise<T>): Promise<T> {
  let isDone = false;
  const mark = () => {
    isDone = true;
  };
  work.then(mark, mark);
  for (let turn = 0; turn < 10_000 && !isDone; turn += 1) await clock.advance(50);
  return work;
}
