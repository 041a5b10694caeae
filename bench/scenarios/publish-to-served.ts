import { readFile } from "node:fs/promises";
import { startRedisDoor } from "../../test/support/redis-door.ts";
import { interleave, type Measurement, type Runner } from "../support/interleave.ts";
import { IRIS_BODY, IRIS_PATH } from "../support/iris.ts";
import { publish, TOKEN } from "../support/publish.ts";
import type { Scenario } from "../support/scenario.ts";
import { variantOf } from "../support/variant.ts";
import { type Served, serveWorker } from "../support/workerd.ts";
import { prepareFreshet } from "../support/workers.ts";

const FULL_ROUNDS = 20;
const QUICK_ROUNDS = 3;
const REVALIDATE_MS = 1_000;
const MODEL = "published";
const REDIS_MODEL = "published-by-redis";
const PATIENCE_MS = 30_000;

/** How soon a new version answers. */
export const publishToServed: Scenario = {
  name: "publish-to-served",
  summary: "ms from a publish's 201 to the first answer by the new version, from warm isolates",
  async measure(stage, { quick, progress }) {
    const rounds = quick ? QUICK_ROUNDS : FULL_ROUNDS;
    const redis = await startRedisDoor();
    const vars = { FRESHET_ADMIN_TOKEN: TOKEN, REVALIDATE_MS: String(REVALIDATE_MS) };
    const model = await readFile(IRIS_PATH);
    const serve = async (more: Readonly<Record<string, string>>) =>
      serveWorker(stage.children, await prepareFreshet(stage, { ...vars, ...more }));
    const publisher = await serve({});
    const other = await serve({});
    const redisPublisher = await serve(redis.vars);
    const redisOther = await serve(redis.vars);
    const servers = [publisher, other, redisPublisher, redisOther];
    let published = 0;
    const next = (by: Served, name: string) => {
      published += 1;
      return publish(by.url, name, variantOf(model, String(published)));
    };
    try {
      await next(publisher, MODEL);
      await next(redisPublisher, REDIS_MODEL);
      for (const { url } of [publisher, other]) await versionAt(url, MODEL);
      for (const { url } of [redisPublisher, redisOther]) await versionAt(url, REDIS_MODEL);
      const by = (name: string, from: Served, to: Served, what: string): Runner => ({
        name,
        measure: async () => served(to.url, what, await next(from, what)),
      });
      const runners: readonly Runner[] = [
        by("the isolate that published", publisher, publisher, MODEL),
        by("another isolate", publisher, other, MODEL),
        by("another isolate, by Redis", redisPublisher, redisOther, REDIS_MODEL),
      ];
      const contenders = await interleave(runners, rounds, (round, values) =>
        progress(`round ${round}/${rounds}: ${values.map((ms) => ms.toFixed(0)).join(" · ")} ms`),
      );
      return {
        scenario: "publish-to-served",
        unit: "ms",
        how: `A version is published into \`production\` by one \`workerd serve\`; it and a second one on the same bucket are asked without pause until the new version answers. REVALIDATE_MS is ${REVALIDATE_MS}; without Redis, save where it is named. Each round publishes other bytes.`,
        contenders,
      };
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
      await redis.stop();
    }
  },
};

async function served(url: string, model: string, version: string): Promise<Measurement> {
  const sinceMs = performance.now();
  let answers = 0;
  while ((await versionAt(url, model)) !== version) {
    answers += 1;
    if (performance.now() - sinceMs > PATIENCE_MS) throw new Error(`${version} is not served`);
  }
  return { value: performance.now() - sinceMs, details: { "answers by the old one": answers } };
}

/** @throws when a prediction fails: none may, whatever is published */
async function versionAt(url: string, model: string): Promise<string> {
  const answer = await fetch(`${url}/v2/models/${model}/infer`, {
    method: "POST",
    body: IRIS_BODY,
  });
  const text = await answer.text();
  const version = answer.headers.get("x-freshet-version");
  if (answer.status !== 200 || version === null) throw new Error(`${answer.status} ${text}`);
  return version;
}
