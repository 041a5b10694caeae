import type { Clock } from "../../core/ports/clock.ts";

/** The host's clock; its timers belong to the request that makes them, as Workers' do. */
export function createSystemClock(): Clock {
  return {
    now: () => Date.now(),
    after(ms) {
      let cancel = () => {};
      const done = new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        cancel = () => clearTimeout(timer);
      });
      return { done, cancel };
    },
  };
}
