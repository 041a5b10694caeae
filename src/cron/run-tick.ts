import type { FlightContext } from "../core/cache/single-flight.ts";
import type { TickDeps } from "./tick-deps.ts";

/** The cron of the backup, as wrangler.toml has it. */
const HOURLY = "0 * * * *";

/** Does what is due at a cron. What does it is loaded then: requests never wait for it. */
export async function runTick(deps: TickDeps, context: FlightContext, cron: string): Promise<void> {
  if (cron === HOURLY) {
    const { runHourTick } = await import("./hour-tick.ts");
    await runHourTick(deps, cron);
    return;
  }
  const { runMinuteTick } = await import("./minute-tick.ts");
  const settling = deps.settleUnsettled?.();
  await Promise.all([
    runMinuteTick(deps, context, cron, settling),
    deps.drainPremium?.(context),
    settling,
  ]);
}
