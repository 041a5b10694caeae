import fc from "fast-check";
import type { Job, JobEnd } from "../../../src/core/ports/job-store.ts";
import { type Bench, COMPLETED, draftOf, failedUntil } from "./subject.ts";

/** One call of the port; `job` and `token` are of a few, so that calls meet. */
export type Operation =
  | {
      readonly do: "enqueue";
      readonly job: number;
      readonly token: number;
      readonly leased: boolean;
    }
  | { readonly do: "claim"; readonly token: number }
  | {
      readonly do: "heartbeat" | "complete" | "fail" | "hand over" | "give up";
      readonly job: number;
      readonly token: number;
    }
  | { readonly do: "retry" | "cancel"; readonly job: number }
  | { readonly do: "release all" }
  | { readonly do: "wait"; readonly steps: number };

const JOBS = 6;
const job = fc.nat(JOBS - 1);
const token = fc.nat(3);
const ofLease = fc.constantFrom("heartbeat", "complete", "fail", "hand over", "give up");

const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("enqueue"), job, token, leased: fc.boolean() }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("claim"), token }) },
  { weight: 6, arbitrary: fc.record({ do: ofLease, job, token }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("retry", "cancel"), job }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("release all") }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("wait"), steps: fc.integer({ min: 1, max: 9 }) }),
  },
) as fc.Arbitrary<Operation>;

export const operations = fc.array(operation, { minLength: 10, maxLength: 40 });

export const idOf = (operated: { readonly job: number }): string => `j${operated.job}`;
export const tokenOf = (operated: { readonly token: number }): string => `t${operated.token}`;
export const ALL_IDS = Array.from({ length: JOBS }, (_, index) => idOf({ job: index }));
/** Two jobs share a key, and three a model. */
export const keyOf = (id: string): string => `k${Number(id.slice(1)) % 3}`;
export const modelOf = (id: string): string => (Number(id.slice(1)) < 3 ? "iris" : "wine");

/** Carries one out. The times that it sets never meet those of another kind: due jobs have one order. */
export function carryOut(jobs: Bench, operated: Operation, nowMs: number): Promise<unknown> {
  switch (operated.do) {
    case "wait":
      return Promise.resolve(undefined);
    case "release all":
      return jobs.releaseAll(nowMs);
    case "claim":
      return jobs.claim(tokenOf(operated), nowMs);
    case "retry":
      return jobs.retry(idOf(operated), nowMs);
    case "cancel":
      return jobs.cancel(idOf(operated), nowMs);
    case "enqueue": {
      const id = idOf(operated);
      const draft = draftOf(id, { key: keyOf(id), model: modelOf(id), attempts: 2 });
      const limits = { maxRunning: 2, perMinute: 20 };
      const lease = operated.leased ? { token: tokenOf(operated) } : {};
      return jobs.enqueue(draft, { nowMs, limits, ...lease });
    }
    case "heartbeat":
      return jobs.heartbeat(idOf(operated), tokenOf(operated), nowMs);
    default:
      return jobs.finish(idOf(operated), tokenOf(operated), endOf(operated.do, nowMs), nowMs);
  }
}

function endOf(how: "complete" | "fail" | "hand over" | "give up", nowMs: number): JobEnd {
  switch (how) {
    case "complete":
      return COMPLETED;
    case "fail":
      return failedUntil(nowMs + 1_003);
    case "hand over":
      return { kind: "handed_over", reason: "busy", retryAtMs: nowMs + 25 };
    case "give up":
      return { kind: "dead", reason: "no" };
  }
}

/** Whose lease on which job runs until when, by what the port answered. */
export class Holders {
  readonly #leases = new Map<string, { readonly token: string; readonly untilMs: number }>();

  /** @throws when somebody else holds it */
  take(id: string, token: string, nowMs: number, untilMs: number): void {
    const held = this.#leases.get(id);
    if (held !== undefined && held.untilMs > nowMs) {
      throw new Error(`${token} got ${id}, which ${held.token} holds`);
    }
    this.#leases.set(id, { token, untilMs });
  }

  isHeld(id: string, token: string, nowMs: number): boolean {
    const held = this.#leases.get(id);
    return held !== undefined && held.token === token && held.untilMs > nowMs;
  }

  prolong(id: string, untilMs: number): void {
    const held = this.#leases.get(id);
    if (held !== undefined) this.#leases.set(id, { ...held, untilMs });
  }

  end(id?: string): void {
    if (id === undefined) this.#leases.clear();
    else this.#leases.delete(id);
  }
}

export const isActive = ({ state }: Pick<Job, "state">): boolean =>
  state === "queued" || state === "running";
