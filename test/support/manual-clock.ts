import type { Clock } from "../../src/core/ports/clock.ts";

/** A clock that stands still until a test moves it. */
export interface ManualClock extends Clock {
  /** Moves time on and lets every timer that is due fire, earliest first. */
  advance(ms: number): Promise<void>;
  /** Timers that wait. */
  readonly pending: number;
}

export function createManualClock(startMs = 1_700_000_000_000): ManualClock {
  let now = startMs;
  const timers = new Set<{ readonly atMs: number; readonly fire: () => void }>();
  return {
    now: () => now,
    after(ms) {
      let timer: { readonly atMs: number; readonly fire: () => void } | undefined;
      const done = new Promise<void>((resolve) => {
        timer = { atMs: now + ms, fire: resolve };
        timers.add(timer);
      });
      return {
        done,
        cancel: () => {
          if (timer !== undefined) timers.delete(timer);
        },
      };
    },
    async advance(ms) {
      now += ms;
      const due = [...timers].filter((timer) => timer.atMs <= now).sort((a, b) => a.atMs - b.atMs);
      for (const timer of due) {
        timers.delete(timer);
        timer.fire();
        await settle();
      }
      await settle();
    },
    get pending() {
      return timers.size;
    },
  };
}

/** Lets every promise that can settle do so. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
}
