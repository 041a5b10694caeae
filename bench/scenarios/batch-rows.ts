import { interleave, type Runner } from "../support/interleave.ts";
import { IRIS, IRIS_BODY } from "../support/iris.ts";
import { drive } from "../support/load.ts";
import type { Scenario } from "../support/scenario.ts";
import { type Served, serveWorker } from "../support/workerd.ts";
import { FRESHET_PATH, prepareFreshet } from "../support/workers.ts";

const ROWS = 1_000;
const CONNECTIONS = 8;
const ROWS_PATH = `/v1/models/${IRIS}/predict`;
const FULL = { rounds: 21, seconds: 2, warmUpSeconds: 3 };
const QUICK = { rounds: 3, seconds: 1, warmUpSeconds: 1 };

const flower = (index: number) => ({
  "sepal length (cm)": 4 + (index % 37) / 10,
  "sepal width (cm)": 2 + (index % 23) / 10,
  "petal length (cm)": 1 + (index % 53) / 10,
  "petal width (cm)": (index % 19) / 10,
});

const bodyOf = (rows: number): string =>
  JSON.stringify({ rows: Array.from({ length: rows }, (_, index) => flower(index)) });

interface Asked {
  readonly name: string;
  readonly path: string;
  readonly body: string;
  readonly rows: number;
}

const TENSORS = "a row a request, tensors";

const CONTENDERS: readonly Asked[] = [
  { name: TENSORS, path: FRESHET_PATH, body: IRIS_BODY, rows: 1 },
  { name: "a row a request, named features", path: ROWS_PATH, body: bodyOf(1), rows: 1 },
  { name: "1,000 rows a request", path: ROWS_PATH, body: bodyOf(ROWS), rows: ROWS },
];

/** Rows per second: many in one request, and one request each. */
export const batchRows: Scenario = {
  name: "batch-rows",
  summary: "rows/s: 1,000 rows of named features in one request, one row a request",
  async measure(stage, { quick, progress }) {
    // Every row is to be run.
    const freshet = await serveWorker(
      stage.children,
      await prepareFreshet(stage, { USE_CACHE: "false" }),
    );
    await expectAllAnswered(freshet.url);
    const { rounds, seconds, warmUpSeconds } = quick ? QUICK : FULL;
    for (const { path, body } of CONTENDERS) {
      const url = freshet.url + path;
      await drive({ url, body, connections: CONNECTIONS, seconds: warmUpSeconds });
    }
    const runners = CONTENDERS.map((asked) => runnerOf(freshet, asked, seconds));
    const contenders = await interleave(runners, rounds, (round, values) =>
      progress(`round ${round}/${rounds}: ${values.map(Math.round).join(" · ")} rows/s`),
    );
    await freshet.stop();
    return {
      scenario: "batch-rows",
      unit: "rows/s",
      how: `${IRIS}, JSON, ${CONNECTIONS} connections, ${rounds} interleaved rounds of ${seconds} s; no prediction cache. All on one \`workerd serve\`.`,
      contenders,
      requirement: { contender: "1,000 rows a request", is: "at least", ratio: 20 },
    };
  },
};

function runnerOf(server: Served, { name, path, body, rows }: Asked, seconds: number): Runner {
  return {
    name,
    ...(name === TENSORS ? {} : { against: TENSORS }),
    async measure() {
      const beforeMs = await server.cpuMs();
      const load = { url: server.url + path, body, connections: CONNECTIONS, seconds };
      const { requestsPerSecond, requests, p50Ms, p99Ms } = await drive(load);
      const afterMs = await server.cpuMs();
      const known = { "p50 ms": p50Ms, "p99 ms": p99Ms };
      const value = requestsPerSecond * rows;
      if (beforeMs === undefined || afterMs === undefined) return { value, details: known };
      const cpuUs = ((afterMs - beforeMs) * 1_000) / (requests * rows);
      return { value, details: { ...known, "CPU µs/row": cpuUs } };
    },
  };
}

/** @throws when a row of the batch fails: errors are written faster than answers */
async function expectAllAnswered(url: string): Promise<void> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(url + ROWS_PATH, { method: "POST", body: bodyOf(ROWS), headers });
  const { results = [] } = (await answer.json()) as { results?: readonly { ok: boolean }[] };
  const failed = results.filter(({ ok }) => !ok).length;
  if (answer.status !== 200 || results.length !== ROWS || failed > 0) {
    throw new Error(`status ${answer.status}, ${results.length} results, ${failed} failed`);
  }
}
