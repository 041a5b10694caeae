import { expect, it } from "vitest";
import { runChaos } from "../support/premium-chaos.ts";
import { ROWS } from "../support/premium-chaos-plan.ts";
import { openChaosStage } from "../support/premium-chaos-stage.ts";
import { describeNeeding } from "../support/skip-loudly.ts";

/** `full`: all the runs, however long they take; `nightly`: five times as many. */
const SIZE = process.env.FRESHET_STRESS;
const IS_WHOLE = SIZE === "full" || SIZE === "nightly";
const RUNS = SIZE === "nightly" ? 1_000 : IS_WHOLE ? 200 : 8;
/** Of the runs, on a busy machine beside all the other tests. */
const PATIENCE_MS = IS_WHOLE ? 6 * 3_600_000 : 30_000;
const LEAST_RUNS = IS_WHOLE ? RUNS : 4;
/** What a failed run printed: that one alone is run again. */
const REPLAYED = process.env.FRESHET_CHAOS_SEED;

const say = (line: string) => void process.stderr.write(`premium chaos: ${line}\n`);

describeNeeding(["redis-server"], "the Worker or Redis killed amid premium answers", () => {
  it(
    "loses no job that was promised, gives no second answer, and says what each answer is",
    async () => {
      const seeds =
        REPLAYED === undefined
          ? Array.from({ length: RUNS }, () => Math.floor(Math.random() * 2 ** 31))
          : [Number(REPLAYED)];
      const stage = await openChaosStage();
      const total = { runs: 0, promised: 0, completed: 0, takenOver: 0 };
      const endMs = performance.now() + PATIENCE_MS;
      try {
        for (const [run, seed] of seeds.entries()) {
          if (run >= LEAST_RUNS && performance.now() > endMs) break;
          const main = await stage.fleet.start();
          const startedMs = performance.now();
          const report = await runChaos(stage, { seed, first: run * ROWS, main });
          const tookMs = Math.round(performance.now() - startedMs);
          say(`FRESHET_CHAOS_SEED=${seed}: ${report.summary} (${tookMs} ms)`);
          expect(report.problems, `FRESHET_CHAOS_SEED=${seed}`).toEqual([]);
          total.runs += 1;
          total.promised += report.promised;
          total.completed += report.completed;
          total.takenOver += report.takenOver;
        }
      } finally {
        await stage.stop();
      }
      say(JSON.stringify(total));
      // Else none of the above would have been about anything. A single run may promise nothing.
      const least = REPLAYED === undefined ? total.promised / 2 : -1;
      expect(total.completed).toBeGreaterThan(least);
    },
    PATIENCE_MS + 240_000,
  );
});
