import type { FlightContext } from "../core/cache/single-flight.ts";
import type { Clock } from "../core/ports/clock.ts";
import type { AppContext } from "./app-env.ts";

/** What a request lends to shared work: its own `waitUntil` and timers. */
export const flightContext = (c: AppContext, clock: Clock): FlightContext => ({
  background: { keep: (work) => c.executionCtx.waitUntil(work) },
  clock,
});
