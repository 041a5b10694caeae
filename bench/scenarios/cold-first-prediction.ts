import { ask } from "../support/ask.ts";
import { interleave, type Measurement, type Runner } from "../support/interleave.ts";
import { IRIS, IRIS_BODY } from "../support/iris.ts";
import type { Scenario } from "../support/scenario.ts";
import type { Stage } from "../support/stage.ts";
import { serveWorker, type WorkerOnDisk } from "../support/workerd.ts";
import { FRESHET_PATH, prepareBareWorker, prepareFreshet } from "../support/workers.ts";

const FULL_ROUNDS = 41;
const QUICK_ROUNDS = 3;

/** What the first caller of a fresh isolate waits for. */
export const coldFirstPrediction: Scenario = {
  name: "cold-first-prediction",
  summary: "ms from a fresh process that listens to its first answer: Freshet, a bare Worker",
  async measure(stage, { quick, progress }) {
    const rounds = quick ? QUICK_ROUNDS : FULL_ROUNDS;
    const bare = await prepareBareWorker(stage);
    const freshet = await prepareFreshet(stage);
    const coldBare = { worker: bare, path: "/", live: undefined };
    const coldFreshet = { worker: freshet, path: FRESHET_PATH, live: undefined };
    const runners: readonly Runner[] = [
      { name: "bare Worker", measure: () => firstAnswer(stage, coldBare) },
      {
        name: "Freshet",
        against: "bare Worker",
        measure: () => firstAnswer(stage, coldFreshet),
      },
      {
        name: "bare Worker, started",
        measure: () => firstAnswer(stage, { ...coldBare, live: "/" }),
      },
      {
        name: "Freshet, started",
        against: "bare Worker, started",
        measure: () => firstAnswer(stage, { ...coldFreshet, live: "/health/live" }),
      },
    ];
    // One of each for the disk's cache, the store's and the client's own first request.
    for (const { measure } of runners) await measure();
    const contenders = await interleave(runners, rounds, (round, values) =>
      progress(`round ${round}/${rounds}: ${values.map((ms) => ms.toFixed(1)).join(" · ")} ms`),
    );
    return {
      scenario: "cold-first-prediction",
      unit: "ms",
      how: `${IRIS} from the same S3, ${rounds} fresh \`workerd serve\` processes each, interleaved. Both start the engine in global scope, which workerd runs for the first request: it is measured, save in the rows that say "started", where another request came before.`,
      contenders,
      requirement: { contender: "Freshet", is: "at most", ratio: 1.25 },
    };
  },
};

interface Cold {
  readonly worker: WorkerOnDisk;
  readonly path: string;
  /** Asked first when global scope is not to be measured: workerd runs it for the first request. */
  readonly live: string | undefined;
}

async function firstAnswer(stage: Stage, { worker, path, live }: Cold): Promise<Measurement> {
  const { url, listeningMs, stop } = await serveWorker(stage.children, worker);
  try {
    if (live !== undefined) await (await fetch(`${url}${live}`)).text();
    const askedMs = performance.now();
    await ask(`${url}${path}`, IRIS_BODY);
    const value = performance.now() - askedMs;
    return { value, details: { "until it listens, ms": listeningMs } };
  } finally {
    await stop();
  }
}
