import { manifestKey, modelBytesKey } from "../../src/core/model/keys.ts";
import { putDeployment, putVersion } from "../../test/support/publish.ts";
import { type S3Proxy, startS3Proxy } from "../../test/support/s3-proxy.ts";
import { addingBody, addingModel } from "../support/adding-model.ts";
import { interleave, type Runner } from "../support/interleave.ts";
import type { Scenario } from "../support/scenario.ts";
import type { Stage } from "../support/stage.ts";
import { serveWorker } from "../support/workerd.ts";
import { prepareFreshet } from "../support/workers.ts";

const HERD = 500;
const FULL_ROUNDS = 21;
const QUICK_ROUNDS = 3;
const REVALIDATE_MS = 200;
const FRESH_MS = 200;
const NEVER_MS = 3_600_000;
/** So long does the store take for each call, that the whole herd comes meanwhile. */
const STORE_MS = 300;

interface Herds {
  readonly url: string;
  readonly stage: Stage;
  readonly s3: S3Proxy;
}

/** Whatever a herd is in want of is fetched, loaded and run once. */
export const herd: Scenario = {
  name: "herd",
  summary: "500 requests at once for a cold model, a changed one, an expired prediction: each once",
  async measure(stage, { quick, progress }) {
    const s3 = await startS3Proxy(stage.s3);
    const worker = await prepareFreshet(stage, {
      S3_ENDPOINT: s3.config.endpoint,
      REVALIDATE_MS: String(REVALIDATE_MS),
      LOG_LEVEL: "error",
    });
    const server = await serveWorker(stage.children, worker);
    try {
      const herds = { url: server.url, stage, s3 };
      const alone = "cold model, 1 request";
      const runners: readonly Runner[] = [
        { name: alone, measure: () => cold(herds, 1) },
        { name: `cold model, ${HERD}`, against: alone, measure: () => cold(herds, HERD) },
        { name: `changed model, ${HERD}`, against: alone, measure: () => changed(herds) },
        { name: `expired prediction, ${HERD}`, against: alone, measure: () => expired(herds) },
      ];
      const rounds = quick ? QUICK_ROUNDS : FULL_ROUNDS;
      const contenders = await interleave(runners, rounds, (round, values) =>
        progress(`round ${round}/${rounds}: ${values.map(Math.round).join(" · ")} ms`),
      );
      return {
        scenario: "herd",
        unit: "ms",
        how: `Until the last answer of ${HERD} requests at once, ${rounds} interleaved rounds, each with a model of its own; every call to S3 takes ${STORE_MS} ms while a model is looked for. Every answer is checked. Reads are counted at S3, runs by the Worker's statistics; more than one of the new bytes, one load or one run fails the scenario.`,
        contenders,
      };
    } finally {
      await server.stop();
      await s3.stop();
    }
  },
};

let models = 0;

/** A model of its own for each herd, in the bucket only. */
async function newModel({ stage }: Herds, cache: object = {}) {
  models += 1;
  const [name, mark] = [`herd-${models}`, 10 * models];
  await putVersion(stage.store, name, "1", addingModel(mark));
  await putDeployment(stage.store, name, 1, { production: { "1": 100 } }, { cache });
  return { name, mark };
}

async function cold(herds: Herds, requests: number) {
  const { name, mark } = await newModel(herds);
  const ms = await slowly(herds, () => askAll(herds, name, requests, [mark]));
  const reads = readsOf(herds, name, "1");
  once(`reads of ${name}`, reads.bytes);
  once(`loads of ${name}`, reads.loads);
  return { value: ms, details: { "S3 reads of bytes": reads.bytes, loads: reads.loads } };
}

async function changed(herds: Herds) {
  const { store } = herds.stage;
  const { name, mark } = await newModel(herds);
  await askAll(herds, name, 1, [mark]);
  await putVersion(store, name, "2", addingModel(mark + 1));
  await putDeployment(store, name, 2, { production: { "2": 100 } });
  await pause(REVALIDATE_MS);
  const ms = await slowly(herds, async () => {
    const taken = await askAll(herds, name, HERD, [mark, mark + 1]);
    while ((await ask(herds, name)) !== mark + 1) await pause(REVALIDATE_MS / 4);
    return taken;
  });
  const reads = readsOf(herds, name, "2");
  once(`reads of ${name}'s new version`, reads.bytes);
  once(`loads of ${name}'s new version`, reads.loads);
  return { value: ms, details: { "S3 reads of bytes": reads.bytes, loads: reads.loads } };
}

async function expired(herds: Herds) {
  const { name, mark } = await newModel(herds, { ttl_ms: FRESH_MS, stale_ms: 0 });
  await askAll(herds, name, 1, [mark]);
  // What is made anew is to outlast the herd.
  const kept = { cache: { ttl_ms: NEVER_MS, stale_ms: 0 } };
  await putDeployment(herds.stage.store, name, 2, { production: { "1": 100 } }, kept);
  await pause(REVALIDATE_MS);
  await ask(herds, name);
  await pause(2 * FRESH_MS);
  const before = await runsOf(herds, name);
  const ms = await askAll(herds, name, HERD, [mark]);
  const runs = (await runsOf(herds, name)) - before;
  once(`runs of ${name}`, runs);
  return { value: ms, details: { runs } };
}

/** @returns milliseconds until the last answer; @throws at one that is none of the expected */
async function askAll(herds: Herds, model: string, requests: number, right: readonly number[]) {
  const startedMs = performance.now();
  const answers = await Promise.all(Array.from({ length: requests }, () => ask(herds, model)));
  const ms = performance.now() - startedMs;
  const wrong = answers.find((answer) => !right.includes(answer));
  if (wrong !== undefined) throw new Error(`${model} answered ${wrong} instead of ${right}`);
  return ms;
}

/** The answer to 0: the mark of the version that gave it. */
async function ask({ url }: Herds, model: string): Promise<number> {
  const path = `${url}/v2/models/${model}/infer`;
  const answer = await fetch(path, { method: "POST", body: addingBody(0) });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${model}: ${answer.status} ${text}`);
  return JSON.parse(text).outputs[0].data[0];
}

async function slowly<Value>({ s3 }: Herds, work: () => Promise<Value>): Promise<Value> {
  s3.delayMs = STORE_MS;
  try {
    return await work();
  } finally {
    s3.delayMs = 0;
  }
}

/** How often S3 was asked for a version; each load asks for the manifest, wherever its bytes are. */
function readsOf({ s3 }: Herds, model: string, version: string) {
  const count = (key: string) => s3.calls.filter((call) => call === `GET ${key}`).length;
  return { bytes: count(modelBytesKey(model, version)), loads: count(manifestKey(model, version)) };
}

async function runsOf({ url }: Herds, model: string): Promise<number> {
  const answer = await fetch(`${url}/v2/models/${model}/stats`);
  const { model_stats: pages } = (await answer.json()) as {
    readonly model_stats: readonly { readonly execution_count: number }[];
  };
  return pages.reduce((sum, { execution_count }) => sum + execution_count, 0);
}

function once(what: string, count: number): void {
  if (count !== 1) throw new Error(`${what}: ${count} instead of 1`);
}

const pause = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));
