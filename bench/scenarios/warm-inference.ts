import { join } from "node:path";
import { freePort } from "../../infra/local/free-port.ts";
import { ask, expectSameAnswer } from "../support/ask.ts";
import { type ChildProcesses, end } from "../support/child-processes.ts";
import { cpuTimeMs } from "../support/cpu-time.ts";
import { interleave } from "../support/interleave.ts";
import { IRIS, IRIS_BODY, IRIS_PATH } from "../support/iris.ts";
import { loadRunners } from "../support/load-runners.ts";
import type { Scenario } from "../support/scenario.ts";
import { untilListening } from "../support/until-listening.ts";
import { type Served, serveWorker } from "../support/workerd.ts";
import { FRESHET_PATH, prepareBareWorker, prepareFreshet } from "../support/workers.ts";

const FASTIFY = join(import.meta.dirname, "..", "baselines", "fastify-server.mjs");

/** Requests per second once everything is loaded. */
export const warmInference: Scenario = {
  name: "warm-inference",
  summary:
    "requests/s with the model loaded: Freshet, a bare Worker, Fastify with the native engine",
  async measure(stage, { quick, progress }) {
    // Every answer is to be a run.
    const vars = { USE_CACHE: "false" };
    const freshet = await serveWorker(stage.children, await prepareFreshet(stage, vars));
    const bare = await serveWorker(stage.children, await prepareBareWorker(stage));
    const fastify = await serveFastify(stage.children);
    const targets = [
      { name: "bare Worker", url: bare.url, server: bare },
      {
        name: "Freshet",
        url: `${freshet.url}${FRESHET_PATH}`,
        server: freshet,
        against: "bare Worker",
      },
      {
        name: "Fastify, native engine",
        url: `${fastify.url}/infer`,
        server: fastify,
        against: "bare Worker",
      },
    ];
    const expected = await ask(bare.url, IRIS_BODY);
    for (const { url } of targets) expectSameAnswer(expected, await ask(url, IRIS_BODY));
    const { runners, rounds, how } = await loadRunners(targets, { quick });
    const contenders = await interleave(runners, rounds, (round, values) =>
      progress(`round ${round}/${rounds}: ${values.map(Math.round).join(" · ")} requests/s`),
    );
    await Promise.all([freshet.stop(), bare.stop(), fastify.stop()]);
    return {
      scenario: "warm-inference",
      unit: "requests/s",
      how: `${IRIS}, one row as JSON, ${how}. Workers on \`workerd serve\`, one process each.`,
      contenders,
      requirement: { contender: "Freshet", is: "at least", ratio: 0.8 },
    };
  },
};

async function serveFastify(
  children: ChildProcesses,
): Promise<Pick<Served, "url" | "cpuMs" | "stop">> {
  const port = await freePort();
  const child = children.start(process.execPath, [FASTIFY, IRIS_PATH, String(port)]);
  await untilListening(child, port);
  return { url: `http://127.0.0.1:${port}`, cpuMs: () => cpuTimeMs(child), stop: () => end(child) };
}
