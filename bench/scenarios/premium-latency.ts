import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { readFixture } from "../../test/support/fixtures.ts";
import { startMortalRedis } from "../../test/support/mortal-redis.ts";
import { putDeployment, putVersion } from "../../test/support/publish.ts";
import { fireCron } from "../../test/support/worker-fleet.ts";
import { ask, expectSameAnswer } from "../support/ask.ts";
import { interleave } from "../support/interleave.ts";
import { IRIS, IRIS_BODY } from "../support/iris.ts";
import { loadRunners, type Target } from "../support/load-runners.ts";
import type { Scenario } from "../support/scenario.ts";
import type { Stage } from "../support/stage.ts";
import { serveWorker } from "../support/workerd.ts";

const ENTRY = join(import.meta.dirname, "..", "..", "functions", "local.ts");
const PREMIUM_MS = 200;
const HOT_ROWS = 300;
const MAX_NEW_ROUNDS = 11;
const WITHOUT = "without premium";
const SLOW = "with a slow premium";

/** Who is measured: the iris model, and itself under other names with a premium beside it. */
const MODELS = [
  { name: WITHOUT, model: IRIS },
  { name: SLOW, model: "iris-slow", behaviour: "slow" },
  { name: "with one that never answers", model: "iris-hung", behaviour: "hung" },
] as const;

/** What a better model beside the fast one costs its answers. */
export const premiumLatency: Scenario = {
  name: "premium-latency",
  summary: "requests/s of a model with a remote premium, slow or hung, against the same without",
  async measure(stage, { quick, progress }) {
    const remote = await startRemote();
    const redis = await startMortalRedis();
    try {
      await publishPremiums(stage, remote.url);
      const targets = await serveAll(stage, { ...redis.vars, ...varsFor(remote) });
      const report = (round: number, values: readonly number[]) =>
        progress(`round ${round}: ${values.map(Math.round).join(" · ")} requests/s`);
      const hot = await loadRunners(targets, { quick });
      // What was over the strategy's limit while all rows were new waits for the minute's cron.
      for (const { name, url } of targets) {
        if (name === SLOW) await fireCron({ url: new URL(url).origin });
      }
      await expectStrategies(targets);
      const contenders = await interleave(hot.runners, hot.rounds, report);
      // After the others: the jobs that it leaves behind would be theirs.
      const fresh = await loadRunners(targets.slice(0, 2).map(asNew), { quick });
      const rounds = Math.min(fresh.rounds, MAX_NEW_ROUNDS);
      const newContenders = await interleave(fresh.runners, rounds, report);
      return {
        scenario: "premium-latency",
        unit: "requests/s",
        how: `${IRIS}, one row as JSON, ${hot.how}; ${HOT_ROWS} rows that come again and again, and for information ${rounds} rounds of inputs that are all new, each of which makes a durable job. The slow premium is a remote of the Open Inference Protocol that takes ${PREMIUM_MS} ms. Same build, one \`workerd serve\` each, one \`redis-server\` for all.`,
        contenders: [...contenders, ...newContenders],
        requirement: { contender: SLOW, is: "at least", ratio: 0.95 },
      };
    } finally {
      stage.children.killAll();
      await Promise.all([remote.stop(), redis.stop()]);
    }
  },
};

const varsFor = ({ url }: Remote) => ({
  // Else no loopback address may be a remote.
  FRESHET_ENV: "dev",
  FRESHET_PUBLIC_SCOPES: "infer,read",
  FRESHET_REMOTE_HOSTS: new URL(url).host,
  LOG_LEVEL: "error",
  // Nothing expires while it is measured.
  CACHE_TTL_MS: "3600000",
});

/** A process for each of the models. */
async function serveAll(
  stage: Stage,
  vars: Readonly<Record<string, string>>,
): Promise<readonly Target[]> {
  const worker = await stage.prepare("premium", ENTRY, { ...stage.storeVars, ...vars });
  const targets: Target[] = [];
  for (const { name, model } of MODELS) {
    const server = await serveWorker(stage.children, worker);
    const url = `${server.url}/v2/models/${model}/infer`;
    const against = name === WITHOUT ? {} : { against: WITHOUT };
    targets.push({ name, url, server, rows: HOT_ROWS, ...against });
  }
  const [first = { url: "" }] = targets;
  const expected = await ask(first.url, IRIS_BODY);
  // Nobody has anything better yet.
  for (const { url } of targets) expectSameAnswer(expected, await ask(url, IRIS_BODY));
  return targets;
}

const newName = (name: string) => `${name}, new inputs`;

const asNew = (target: Target): Target => ({
  ...target,
  name: newName(target.name),
  rows: "new",
  ...(target.against === undefined ? {} : { against: newName(target.against) }),
});

/** @throws when somebody is not answered by whom it should: something else was measured then */
async function expectStrategies(targets: readonly Target[]): Promise<void> {
  for (const { name, url } of targets) {
    const answer = await fetch(url, { method: "POST", body: IRIS_BODY });
    await answer.arrayBuffer();
    const strategy = answer.headers.get("x-freshet-strategy");
    const expected = name === SLOW ? "premium" : "fast";
    if (strategy !== expected) throw new Error(`${name}: the answer is ${strategy}`);
  }
}

/** The iris model under other names, with the remote beside it. */
async function publishPremiums({ store }: Stage, remoteUrl: string): Promise<void> {
  for (const each of MODELS) {
    if (!("behaviour" in each)) continue;
    const url = `${remoteUrl}/${each.behaviour}`;
    const premium = { kind: "oip", url, reference: "large", max_concurrency: 64 };
    await putVersion(store, each.model, "1", readFixture(IRIS, "1").bytes);
    const strategies = { strategies: { premium } };
    await putDeployment(store, each.model, 1, { production: { "1": 100 } }, strategies);
  }
}

interface Remote {
  readonly url: string;
  stop(): Promise<void>;
}

/** Below `/slow` it says of every flower, after its time, that it is of the first kind; below `/hung` nothing. */
async function startRemote(): Promise<Remote> {
  const answer = JSON.stringify({
    model_name: "large",
    model_version: "1",
    outputs: [
      { name: "label", datatype: "INT64", shape: [1], data: [0] },
      { name: "probabilities", datatype: "FP32", shape: [1, 3], data: [1, 0, 0] },
    ],
  });
  const server = createServer((request, response) => {
    request.resume();
    if (request.url?.startsWith("/slow") !== true) return;
    request.once("end", () => setTimeout(() => response.end(answer), PREMIUM_MS));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    stop() {
      server.closeAllConnections();
      return new Promise((done) => server.close(() => done()));
    },
  };
}
