import { ask, expectSameAnswer } from "../support/ask.ts";
import { interleave } from "../support/interleave.ts";
import { IRIS, IRIS_BODY } from "../support/iris.ts";
import { loadRunners } from "../support/load-runners.ts";
import type { Scenario } from "../support/scenario.ts";
import { inSittings } from "../support/sittings.ts";
import type { Stage } from "../support/stage.ts";
import { serveWorker } from "../support/workerd.ts";
import { FRESHET_PATH, prepareFreshet, prepareHonoConstant } from "../support/workers.ts";

const SITTINGS = 6;
// Nothing expires while it is measured.
const VARS = { USE_CACHE: "true", CACHE_TTL_MS: "3600000" };

/** Requests per second for an answer that the isolate has kept. */
export const predictionCacheHit: Scenario = {
  name: "prediction-cache-hit",
  summary: "requests/s for a kept prediction: Freshet, a Hono app that answers a constant JSON",
  async measure(stage, { quick, progress }) {
    const sittings = quick ? 1 : SITTINGS;
    let how = "";
    const contenders = await inSittings(sittings, async (sitting) => {
      const sat = await sit(stage, { quick, sittings }, (line) =>
        progress(`sitting ${sitting}/${sittings}, ${line}`),
      );
      how = sat.how;
      return sat.contenders;
    });
    return {
      scenario: "prediction-cache-hit",
      unit: "requests/s",
      how: `${IRIS}, one row as JSON, the same each time, ${how}. Both on \`workerd serve\`, one process each, new ones each time. The Hono app reads the body as JSON and answers a constant text with constant headers, both taken from one of Freshet's answers.`,
      contenders,
      requirement: { contender: "Freshet", is: "at least", ratio: 0.9 },
    };
  },
};

/** Rounds of one process of each. */
async function sit(
  stage: Stage,
  settings: { readonly quick: boolean; readonly sittings: number },
  progress: (line: string) => void,
) {
  const freshet = await serveWorker(stage.children, await prepareFreshet(stage, VARS));
  const freshetUrl = `${freshet.url}${FRESHET_PATH}`;
  const kept = await keptAnswer(freshetUrl);
  const hono = await serveWorker(stage.children, await prepareHonoConstant(stage, kept));
  const honoUrl = `${hono.url}${FRESHET_PATH}`;
  expectSameAnswer(await ask(honoUrl, IRIS_BODY), await ask(freshetUrl, IRIS_BODY));
  const targets = [
    { name: "Hono, constant", url: honoUrl, server: hono },
    { name: "Freshet", url: freshetUrl, server: freshet, against: "Hono, constant" },
  ];
  const { runners, rounds, how } = await loadRunners(targets, settings);
  const contenders = await interleave(runners, rounds, (round, values) =>
    progress(`round ${round}/${rounds}: ${values.map(Math.round).join(" · ")} requests/s`),
  );
  await expectOneRun(freshet.url);
  await Promise.all([freshet.stop(), hono.stop()]);
  return { contenders, how };
}

/** What the runtime adds to every answer by itself. */
const OWN_HEADERS = new Set(["content-length", "transfer-encoding", "date", "connection"]);

/** One of Freshet's answers from its cache. */
async function keptAnswer(url: string) {
  // The first run makes it, the next answers are of the cache.
  for (let request = 0; request < 3; request += 1) await ask(url, IRIS_BODY);
  const answer = await fetch(url, {
    method: "POST",
    body: IRIS_BODY,
    headers: { "content-type": "application/json" },
  });
  const status = answer.headers.get("cache-status") ?? "";
  if (!status.startsWith("isolate; hit")) throw new Error(`not from the cache: ${status}`);
  const headers = [...answer.headers].filter(([name]) => !OWN_HEADERS.has(name));
  return { body: await answer.text(), headers: Object.fromEntries(headers) };
}

/** @throws when anything but hits was measured */
async function expectOneRun(url: string): Promise<void> {
  const answer = await fetch(`${url}/v2/models/${IRIS}/stats`);
  const { model_stats: pages } = (await answer.json()) as {
    model_stats: readonly { readonly execution_count: number }[];
  };
  const runs = pages.reduce((sum, page) => sum + page.execution_count, 0);
  if (runs !== 1) throw new Error(`${runs} runs: not every answer came from the cache`);
}
