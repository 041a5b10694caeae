import { startRedisDoor } from "../../test/support/redis-door.ts";
import { startS3Proxy } from "../../test/support/s3-proxy.ts";
import { interleave } from "../support/interleave.ts";
import { IRIS } from "../support/iris.ts";
import { loadRunners } from "../support/load-runners.ts";
import type { Scenario } from "../support/scenario.ts";
import { serveWorker } from "../support/workerd.ts";
import { FRESHET_PATH, prepareFreshet } from "../support/workers.ts";

const REVALIDATE_MS = 1_000;

/** What it costs never to be out of date. */
export const freshness: Scenario = {
  name: "freshness",
  summary: "requests/s with freshness checks on, by Redis and by the bucket, against off",
  async measure(stage, { quick, progress }) {
    const redis = await startRedisDoor();
    const s3 = await startS3Proxy(stage.s3);
    const common = {
      USE_CACHE: "false",
      REVALIDATE_MS: String(REVALIDATE_MS),
      S3_ENDPOINT: s3.config.endpoint,
    };
    const serve = async (vars: Readonly<Record<string, string>>) =>
      serveWorker(stage.children, await prepareFreshet(stage, { ...common, ...vars }));
    const served = [
      { name: "unchecked", server: await serve({ CHECK_FRESHNESS: "false" }) },
      { name: "by Redis", server: await serve(redis.vars), against: "unchecked" },
      { name: "by the bucket", server: await serve({}), against: "unchecked" },
    ];
    const targets = served.map((each) => ({ ...each, url: `${each.server.url}${FRESHET_PATH}` }));
    let calls = { redis: 0, s3: 0 };
    const since = () => {
      const before = calls;
      calls = { redis: redis.calls.length, s3: s3.calls.length };
      return { "Redis calls": calls.redis - before.redis, "S3 calls": calls.s3 - before.s3 };
    };
    const { runners, rounds, how } = await loadRunners(targets, { quick }, since);
    since();
    try {
      const contenders = await interleave(runners, rounds, (round, values) =>
        progress(`round ${round}/${rounds}: ${values.map(Math.round).join(" · ")} requests/s`),
      );
      return {
        scenario: "freshness",
        unit: "requests/s",
        how: `${IRIS}, one row as JSON, ${how}, REVALIDATE_MS ${REVALIDATE_MS}; no prediction cache. Calls are counted at the servers: each is a background check's, at most one an interval.`,
        contenders,
        requirement: { contender: "by Redis", is: "at least", ratio: 0.98 },
      };
    } finally {
      await Promise.all(served.map(({ server }) => server.stop()));
      await s3.stop();
      await redis.stop();
    }
  },
};
