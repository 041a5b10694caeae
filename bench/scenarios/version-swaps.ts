import { addingBody, addingModel } from "../support/adding-model.ts";
import { publish, TOKEN } from "../support/publish.ts";
import type { Scenario } from "../support/scenario.ts";
import { serveWorker } from "../support/workerd.ts";
import { prepareFreshet } from "../support/workers.ts";

const MODEL = "swapped";
const CLIENTS = 16;
const FULL_SWAPS = 1_000;
const QUICK_SWAPS = 30;
/** The engine has met everything by then. */
const SETTLED_AFTER = 10;
const MOST_GROWTH = 0.05;
const PATIENCE_MS = 30_000;

/** Version after version under load. */
export const versionSwaps: Scenario = {
  name: "version-swaps",
  summary: "ms from a publish's 201 to its first answer, 1,000 times over, under constant load",
  async measure(stage, { quick, progress }) {
    const swaps = quick ? QUICK_SWAPS : FULL_SWAPS;
    const worker = await prepareFreshet(stage, { FRESHET_ADMIN_TOKEN: TOKEN, USE_CACHE: "false" });
    const server = await serveWorker(stage.children, worker);
    try {
      await publishMark(server.url, 1);
      const load = startLoad(server.url);
      const took: number[] = [];
      let settled = Number.NaN;
      for (let swap = 1; swap <= swaps; swap += 1) {
        await publishMark(server.url, swap + 1);
        const sinceMs = performance.now();
        await load.untilServed(String(swap + 1));
        took.push(performance.now() - sinceMs);
        if (swap === SETTLED_AFTER) settled = await engineBytes(server.url);
        if (swap % 100 === 0) progress(`${swap}/${swaps} swaps, ${load.answers()} answers`);
      }
      const answers = await load.stop();
      const growth = (await engineBytes(server.url)) / settled - 1;
      if (growth > MOST_GROWTH) throw new Error(`the engine's memory grew by ${growth * 100} %`);
      return {
        scenario: "version-swaps",
        unit: "ms",
        how: `${swaps} versions of one small model published one after the other into \`production\` of one \`workerd serve\`, asked without pause by ${CLIENTS} clients: ${answers} answers, each of 200 and computed by the version that its headers name. The engine's memory after the last swap is ${(growth * 100).toFixed(1)} % above that after the ${SETTLED_AFTER}th.`,
        contenders: [{ name: "publish to served", values: took, details: {} }],
      };
    } finally {
      await server.stop();
    }
  },
};

async function publishMark(url: string, mark: number): Promise<void> {
  const version = await publish(url, MODEL, addingModel(mark));
  if (version !== String(mark)) throw new Error(`version ${version} came for mark ${mark}`);
}

const BODY = addingBody(0);

/** Clients that ask without pause; the first failed or wrong answer ends the measurement. */
function startLoad(url: string) {
  let answers = 0;
  let newest = 0;
  let stopping = false;
  let trouble: Error | undefined;
  async function client(): Promise<void> {
    while (!stopping && trouble === undefined) {
      try {
        const answer = await fetch(`${url}/v2/models/${MODEL}/infer`, {
          method: "POST",
          body: BODY,
        });
        const text = await answer.text();
        const version = answer.headers.get("x-freshet-version");
        if (answer.status !== 200) throw new Error(`${answer.status} ${text}`);
        const { outputs, model_version } = JSON.parse(text);
        if (String(outputs[0].data[0]) !== version || model_version !== version) {
          throw new Error(`version ${version} is named for ${text}`);
        }
        answers += 1;
        newest = Math.max(newest, Number(version));
      } catch (error) {
        trouble ??= error instanceof Error ? error : new Error(String(error));
      }
    }
  }
  const clients = Promise.all(Array.from({ length: CLIENTS }, client));
  return {
    answers: () => answers,
    async untilServed(version: string): Promise<void> {
      const sinceMs = performance.now();
      while (newest < Number(version)) {
        if (trouble !== undefined) throw trouble;
        if (performance.now() - sinceMs > PATIENCE_MS) throw new Error(`${version} is not served`);
        await new Promise((done) => setTimeout(done, 1));
      }
    },
    async stop(): Promise<number> {
      stopping = true;
      await clients;
      if (trouble !== undefined) throw trouble;
      return answers;
    },
  };
}

async function engineBytes(url: string): Promise<number> {
  const answer = await fetch(`${url}/health`);
  const { engine } = (await answer.json()) as { engine: { used_bytes: number } };
  return engine.used_bytes;
}
