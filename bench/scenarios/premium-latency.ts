import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createNodeDigest } from "../../infra/local/node-digest.ts";
import { createS3ObjectStore } from "../../src/adapters/s3/object-store.ts";
import { createSystemClock } from "../../src/adapters/web-platform/clock.ts";
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
import { type Served, serveWorker } from "../support/workerd.ts";

const ENTRY = join(import.meta.dirname, "..", "..", "functions", "local.ts");
const PREMIUM = "iris-premium";
const PREMIUM_MS = 200;
const HOT_ROWS = 300;
const NAMES = { without: "without premium", with: "with premium" };
const NEW_NAMES = { without: "without, new inputs", with: "with, new inputs" };

/** What a slow and better model beside the fast one costs the fast answers. */
export const premiumLatency: Scenario = {
  name: "premium-latency",
  summary: "requests/s of a model with a slow remote premium against the same without",
  async measure(stage, { quick, progress }) {
    const remote = await startSlowRemote();
    const redis = await startMortalRedis();
    const close = () => Promise.all([remote.stop(), redis.stop()]);
    try {
      await publishPremium(stage, remote.url);
      const worker = await stage.prepare("premium", ENTRY, {
        ...stage.storeVars,
        ...redis.vars,
        // Else no loopback address may be a remote.
        FRESHET_ENV: "dev",
        FRESHET_PUBLIC_SCOPES: "infer,read",
        FRESHET_REMOTE_HOSTS: new URL(remote.url).host,
        LOG_LEVEL: "error",
        CACHE_TTL_MS: "3600000",
      });
      const plain = await serveWorker(stage.children, worker);
      const premium = await serveWorker(stage.children, worker);
      const servers = { plain, premium };
      const targetsOf = (rows: number | "new", names: typeof NAMES): readonly Target[] => [
        { name: names.without, url: pathOf(plain, IRIS), server: plain, rows },
        {
          name: names.with,
          url: pathOf(premium, PREMIUM),
          server: premium,
          rows,
          against: names.without,
        },
      ];
      await expectSameFast(servers);
      const hot = await loadRunners(targetsOf(HOT_ROWS, NAMES), { quick });
      await fireCron(premium);
      await expectPremium(premium);
      const report = (round: number, values: readonly number[]) =>
        progress(`round ${round}: ${values.map(Math.round).join(" · ")} requests/s`);
      const hotContenders = await interleave(hot.runners, hot.rounds, report);
      // After the others: the jobs that it leaves behind would be theirs.
      const fresh = await loadRunners(targetsOf("new", NEW_NAMES), { quick });
      const newContenders = await interleave(fresh.runners, Math.min(fresh.rounds, 11), report);
      await Promise.all([plain.stop(), premium.stop()]);
      return {
        scenario: "premium-latency",
        unit: "requests/s",
        how: `${IRIS}, one row as JSON, ${hot.how}; ${HOT_ROWS} rows that come again and again, and for information inputs that are all new. The premium is a remote of the Open Inference Protocol that takes ${PREMIUM_MS} ms. Same build, one \`workerd serve\` each, one \`redis-server\` for both.`,
        contenders: [...hotContenders, ...newContenders],
        requirement: { contender: NAMES.with, is: "at least", ratio: 0.95 },
      };
    } finally {
      await close();
    }
  },
};

const pathOf = ({ url }: Served, model: string) => `${url}/v2/models/${model}/infer`;

/** The iris model under another name, with the remote beside it. */
async function publishPremium({ storeVars }: Stage, url: string): Promise<void> {
  const config = {
    endpoint: storeVars.S3_ENDPOINT ?? "",
    bucket: storeVars.S3_BUCKET ?? "",
    region: storeVars.S3_REGION ?? "",
    accessKeyId: storeVars.S3_ACCESS_KEY_ID ?? "",
    secretAccessKey: storeVars.S3_SECRET_ACCESS_KEY ?? "",
    prefix: "",
  };
  const deps = { digest: createNodeDigest(), clock: createSystemClock(), random: Math.random };
  const store = createS3ObjectStore(config, deps);
  await putVersion(store, PREMIUM, "1", readFixture(IRIS, "1").bytes);
  const premium = { kind: "oip", url, reference: "large", max_concurrency: 64 };
  await putDeployment(store, PREMIUM, 1, { production: { "1": 100 } }, { strategies: { premium } });
}

interface SlowRemote {
  readonly url: string;
  stop(): Promise<void>;
}

/** Says of every flower that it is of the first kind, after its time. */
async function startSlowRemote(): Promise<SlowRemote> {
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

/** Before anything better is there. */
async function expectSameFast({ plain, premium }: { plain: Served; premium: Served }) {
  const expected = await ask(pathOf(plain, IRIS), IRIS_BODY);
  expectSameAnswer(expected, await ask(pathOf(premium, PREMIUM), IRIS_BODY));
}

/** @throws when the premium is not in use: then nothing was measured */
async function expectPremium(premium: Served): Promise<void> {
  const answer = await fetch(pathOf(premium, PREMIUM), { method: "POST", body: IRIS_BODY });
  await answer.arrayBuffer();
  const strategy = answer.headers.get("x-freshet-strategy");
  if (strategy !== "premium") throw new Error(`answered by ${strategy} and not by the premium`);
}
