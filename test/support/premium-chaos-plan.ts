import fc from "fast-check";
import type { Reply } from "./inconstant-remote.ts";

/** Rows that a run asks about: fewer than requests, so that some are asked again. */
export const ROWS = 20;
export const REQUESTS = 50;
const REPLIES = 40;

/** All that a run does by chance. */
export interface ChaosPlan {
  readonly victim: "the Worker" | "Redis";
  /** Its last moment: so long after so many requests were sent. */
  readonly killedAfter: { readonly requests: number; readonly ms: number };
  readonly downMs: number;
  /** What is asked, in order, and the pause before. */
  readonly requests: readonly { readonly row: number; readonly pauseMs: number }[];
  readonly replies: readonly Reply[];
}

const anyReply: fc.Arbitrary<Reply> = fc.record({
  how: fc.oneof(
    { weight: 90, arbitrary: fc.constant("answers" as const) },
    { weight: 7, arbitrary: fc.constant("fails" as const) },
    { weight: 3, arbitrary: fc.constant("hangs" as const) },
  ),
  afterMs: fc.nat(150),
});

// The property tests' liking for the least and the greatest would kill at the first request.
const anyPlan: fc.Arbitrary<ChaosPlan> = fc.noBias(
  fc.record({
    victim: fc.constantFrom("the Worker", "Redis"),
    killedAfter: fc.record({ requests: fc.integer({ min: 1, max: REQUESTS }), ms: fc.nat(100) }),
    downMs: fc.nat(300),
    requests: fc.array(fc.record({ row: fc.nat(ROWS - 1), pauseMs: fc.nat(30) }), {
      minLength: REQUESTS,
      maxLength: REQUESTS,
    }),
    replies: fc.array(anyReply, { minLength: REPLIES, maxLength: REPLIES }),
  }),
);

/** The same plan for the same seed. */
export function planOf(seed: number): ChaosPlan {
  const [plan] = fc.sample(anyPlan, { seed, numRuns: 1 });
  if (plan === undefined) throw new Error("one was asked for");
  return plan;
}
