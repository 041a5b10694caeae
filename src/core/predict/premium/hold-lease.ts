import type { FlightContext } from "../../cache/single-flight.ts";
import type { JobLease, JobStore } from "../../ports/job-store.ts";

/** Nobody waits for the queue: it may take what a request may not. */
export const JOB_DEADLINE_MS = 2_000;

/** A lease that is prolonged for as long as its holder works. */
export interface HeldLease {
  /** Asks whether somebody else has the job by now, or it was cancelled. */
  isLostNow(): Promise<boolean>;
  stop(): void;
}

/**
 * Prolongs a lease at each third of it, by the holder's own timers. Redis that does not answer is
 * no loss: the lease may still hold, and who takes over finds what was kept.
 */
export function holdLease(
  jobs: JobStore,
  { clock, background }: FlightContext,
  id: string,
  lease: JobLease,
): HeldLease {
  let isLost = false;
  let isStopped = false;
  let wake = () => {};
  const stopped = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const ask = async (): Promise<void> => {
    const held = await jobs.heartbeat(id, lease, clock.now(), JOB_DEADLINE_MS);
    isLost ||= held.ok && !held.value && !isStopped;
  };
  const beat = async (): Promise<void> => {
    while (!isStopped && !isLost) {
      const timer = clock.after(lease.leaseMs / 3);
      await Promise.race([timer.done, stopped]);
      timer.cancel();
      if (!isStopped) await ask();
    }
  };
  background.keep(beat().catch(() => undefined));
  return {
    async isLostNow() {
      if (!isLost) await ask();
      return isLost;
    },
    stop() {
      isStopped = true;
      // Kept work has to end: a timer that was cancelled never would.
      wake();
    },
  };
}
