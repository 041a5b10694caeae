import fc from "fast-check";
import { expect, it } from "vitest";
import { createMemoryJobStore } from "../../../src/adapters/memory/job-store.ts";
import type { Enqueued, Job } from "../../../src/core/ports/job-store.ts";
import { JOB_STATES } from "../../../src/core/ports/job-store.ts";
import {
  ALL_IDS,
  carryOut,
  Holders,
  idOf,
  isActive,
  modelOf,
  type Operation,
  operations,
  tokenOf,
} from "./operations.ts";
import { type Bench, bench, LEASE_MS, NOW_MS } from "./subject.ts";
import type { FreshBench } from "./suite.ts";

const STEP_MS = 10_000;
const RUNS = { numRuns: 25 };

export function describeInterleavings(fresh: FreshBench): void {
  it("loses no job, gives no lease twice and keeps every list true, whatever happens in which order", async () => {
    await fc.assert(
      fc.asyncProperty(operations, async (wished) => {
        const jobs = fresh();
        const holders = new Holders();
        const made = new Set<string>();
        let nowMs = NOW_MS - (NOW_MS % 10);
        for (const operated of wished) {
          nowMs += operated.do === "wait" ? operated.steps * STEP_MS : 10;
          const answer = await carryOut(jobs, operated, nowMs);
          witness(operated, answer, { holders, made, nowMs });
        }
        await checkLists(jobs, made, nowMs);
      }),
      RUNS,
    );
  });

  it("answers as the plain store in memory does", async () => {
    await fc.assert(
      fc.asyncProperty(operations, async (wished) => {
        const jobs = fresh();
        const plain = bench(createMemoryJobStore());
        let nowMs = NOW_MS - (NOW_MS % 10);
        for (const operated of wished) {
          // It makes several jobs due at one moment: their order is nobody's promise.
          if (operated.do === "release all") continue;
          nowMs += operated.do === "wait" ? operated.steps * STEP_MS : 10;
          const answer = await carryOut(jobs, operated, nowMs);
          expect(answer).toEqual(await carryOut(plain, operated, nowMs));
        }
        expect(await jobs.list()).toEqual(await plain.list());
        expect(await jobs.counts(nowMs)).toEqual(await plain.counts(nowMs));
      }),
      RUNS,
    );
  });
}

interface Witness {
  readonly holders: Holders;
  readonly made: Set<string>;
  readonly nowMs: number;
}

/** Holds each answer against what was answered before. */
function witness(operated: Operation, answer: unknown, { holders, made, nowMs }: Witness): void {
  const untilMs = nowMs + LEASE_MS;
  switch (operated.do) {
    case "wait":
      return;
    case "release all":
      holders.end();
      return;
    case "cancel":
      if (answer === "cancelled") holders.end(idOf(operated));
      return;
    case "retry":
      return;
    case "claim": {
      const job = answer as Job | undefined;
      if (job !== undefined) holders.take(job.id, tokenOf(operated), nowMs, untilMs);
      expect(job === undefined || job.attempt <= job.attempts).toBe(true);
      return;
    }
    case "enqueue": {
      const { id, created, leased } = answer as Enqueued;
      const token = tokenOf(operated);
      const isRepeated = made.has(id) && holders.isHeld(id, token, nowMs);
      if (created) made.add(id);
      expect(made.has(id)).toBe(true);
      if (leased && !isRepeated) holders.take(id, token, nowMs, untilMs);
      return;
    }
    case "heartbeat": {
      const isHeld = holders.isHeld(idOf(operated), tokenOf(operated), nowMs);
      expect(answer).toBe(isHeld);
      if (isHeld) holders.prolong(idOf(operated), untilMs);
      return;
    }
    default:
      if (holders.isHeld(idOf(operated), tokenOf(operated), nowMs)) {
        expect(answer).toBe(true);
        holders.end(idOf(operated));
      }
  }
}

async function checkLists(jobs: Bench, made: ReadonlySet<string>, nowMs: number): Promise<void> {
  const found = await Promise.all(ALL_IDS.map((id) => jobs.find(id)));
  const kept = found.filter((job) => job !== undefined);
  const ids = (some: readonly { readonly id: string }[]) => some.map(({ id }) => id).sort();
  expect(ids(kept)).toEqual([...made].sort());
  expect(ids((await jobs.list()).jobs)).toEqual([...made].sort());
  const { counts } = await jobs.counts(nowMs);
  for (const state of JOB_STATES) {
    const ofState = kept.filter((job) => job.state === state);
    expect(ids((await jobs.list({ state })).jobs)).toEqual(ids(ofState));
    expect(counts[state]).toBe(ofState.length);
    for (const model of ["iris", "wine"]) {
      const ofModel = ofState.filter(({ id }) => modelOf(id) === model);
      expect(ids((await jobs.list({ state, model })).jobs)).toEqual(ids(ofModel));
    }
  }
  const activeKeys = kept.filter(isActive).map(({ key }) => key);
  expect(new Set(activeKeys).size).toBe(activeKeys.length);
}
