import { Agent } from "node:http";
import { manifestKey, modelBytesKey } from "../../src/core/model/keys.ts";
import { startMortalRedis } from "../../test/support/mortal-redis.ts";
import { must } from "../../test/support/must.ts";
import { putDeployment, putVersion } from "../../test/support/publish.ts";
import { interleave, type Runner } from "../support/interleave.ts";
import { IRIS } from "../support/iris.ts";
import { postRows } from "../support/post-rows.ts";
import type { Scenario } from "../support/scenario.ts";
import type { Stage } from "../support/stage.ts";
import { type Served, serveWorker } from "../support/workerd.ts";
import { prepareFreshet } from "../support/workers.ts";

const ROWS = 1_000;
const CLIENTS = 20;
const FULL = { rounds: 11, requests: 60, warmUpRequests: 60 };
const QUICK = { rounds: 3, requests: 20, warmUpRequests: 20 };
const UNRECORDED_MODEL = "iris-unrecorded";

const OFF = "without records";
const ON = "with records";

/** Who is measured: the iris model, and itself under another name whose deployment records nothing. */
const CONTENDERS = [
  { name: OFF, model: UNRECORDED_MODEL, recorded: 0 },
  { name: ON, model: IRIS, recorded: ROWS },
] as const;

type Asked = (typeof CONTENDERS)[number];

/** Rows per second until the last one's record is in Redis, and the same rows without records. */
export const records: Scenario = {
  name: "records",
  summary: "rows/s of requests of 1,000 rows until their records are in Redis, against no records",
  async measure(stage, { quick, progress }) {
    const { rounds, requests, warmUpRequests } = quick ? QUICK : FULL;
    const redis = await startMortalRedis();
    const servers: Served[] = [];
    try {
      await publishUnrecorded(stage);
      const vars = { ...redis.vars, USE_CACHE: "false", LOG_LEVEL: "error" };
      const worker = await prepareFreshet(stage, vars);
      const runners: Runner[] = [];
      for (const asked of CONTENDERS) {
        const server = await serveWorker(stage.children, worker);
        servers.push(server);
        await askAll(server.url, asked, warmUpRequests);
        runners.push(runnerOf(server, asked, requests));
      }
      const contenders = await interleave(runners, rounds, (round, values) =>
        progress(`round ${round}/${rounds}: ${values.map(Math.round).join(" · ")} rows/s`),
      );
      return {
        scenario: "records",
        unit: "rows/s",
        how: `${IRIS}, ${requests} requests of ${ROWS} rows, ${CLIENTS} at a time, ${rounds} interleaved rounds, each until the last record is written; no prediction cache. A \`workerd serve\` each, one \`redis-server\` for both, behind a bridge in the bench's own process. Every record was written.`,
        contenders,
      };
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
      await redis.stop();
    }
  },
};

async function publishUnrecorded({ store }: Stage): Promise<void> {
  const options = { deadlineMs: 10_000, maxBytes: 1 << 20 };
  const read = async (key: string) => must(await store.get(key, options)).bytes;
  const manifest = JSON.parse(new TextDecoder().decode(await read(manifestKey(IRIS, "1"))));
  const changes = { ...manifest, name: UNRECORDED_MODEL };
  await putVersion(store, UNRECORDED_MODEL, "1", await read(modelBytesKey(IRIS, "1")), changes);
  const routes = { production: { "1": 100 } };
  await putDeployment(store, UNRECORDED_MODEL, 1, routes, { record: { rate: 0 } });
}

function runnerOf(server: Served, asked: Asked, requests: number): Runner {
  return {
    name: asked.name,
    ...(asked.name === OFF ? {} : { against: OFF }),
    async measure() {
      const beforeMs = await server.cpuMs();
      const startedMs = performance.now();
      await askAll(server.url, asked, requests);
      const seconds = (performance.now() - startedMs) / 1_000;
      const afterMs = await server.cpuMs();
      const rows = requests * ROWS;
      const value = rows / seconds;
      if (beforeMs === undefined || afterMs === undefined) return { value, details: {} };
      return { value, details: { "CPU µs/row": ((afterMs - beforeMs) * 1_000) / rows } };
    },
  };
}

/** @throws when a row was not answered, or has no record in the end where it is to have one */
async function askAll(url: string, asked: Asked, requests: number): Promise<void> {
  const before = await recordedOf(url);
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  const rows = `${url}/v1/models/${asked.model}/predict`;
  let next = 0;
  async function client(): Promise<void> {
    while (next < requests) {
      next += 1;
      const pieces = [BODY];
      await postRows({ url: rows, agent, type: "application/json", pieces, onPiece: () => {} });
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, client));
  agent.destroy();
  let now = await recordedOf(url);
  while (now.pending > 0) now = await recordedOf(url);
  const expected = before.written + requests * asked.recorded;
  if (now.written !== expected || now.lost > 0) {
    throw new Error(`${now.written} records of ${expected} were written, ${now.lost} lost`);
  }
}

interface Recorded {
  readonly written: number;
  readonly pending: number;
  readonly lost: number;
}

async function recordedOf(url: string): Promise<Recorded> {
  const answer = await fetch(`${url}/v1/cache/status`);
  const { records: told } = (await answer.json()) as { readonly records: Recorded };
  return told;
}

const flower = (index: number) => ({
  "sepal length (cm)": 4 + (index % 37) / 10,
  "sepal width (cm)": 2 + (index % 23) / 10,
  "petal length (cm)": 1 + (index % 53) / 10,
  "petal width (cm)": (index % 19) / 10,
});

const BODY = Buffer.from(
  JSON.stringify({ rows: Array.from({ length: ROWS }, (_, index) => flower(index)) }),
);
