import { Agent } from "node:http";
import { createOrderCheck, numberedLine, numberedModel } from "../../test/support/numbered-rows.ts";
import { interleave, type Runner } from "../support/interleave.ts";
import { postRows } from "../support/post-rows.ts";
import { publish, TOKEN } from "../support/publish.ts";
import type { Scenario } from "../support/scenario.ts";
import { watchMemory } from "../support/watch-memory.ts";
import { type Served, serveWorker } from "../support/workerd.ts";
import { prepareFreshet } from "../support/workers.ts";

const MODEL = "numbered";
const PATH = `/v1/models/${MODEL}/predict`;
/** Rows of one request where there are many. */
const BATCH = 1_000;
const CLIENTS = 8;
const FULL = { rows: 1_000_000, rounds: 5, warmUpRows: 200_000 };
const QUICK = { rows: 100_000, rounds: 2, warmUpRows: 20_000 };

/** Rows are made beforehand: who sends them shares the machine with the server. */
interface Rows {
  readonly count: number;
  /** A batch each, as lines. */
  readonly lines: readonly Buffer[];
  /** A batch each, as a request of its own. */
  readonly requests: readonly Buffer[];
}

/** Sends all rows to a server; throws unless each was answered, in order. */
type SendAll = (url: string, rows: Rows) => Promise<void>;

const BATCHES = "requests of 1,000 rows";

const WAYS: readonly { readonly name: string; readonly sendAll: SendAll }[] = [
  { name: BATCHES, sendAll: (url, rows) => sendBatches(url, rows, 1) },
  {
    name: `requests of 1,000 rows, ${CLIENTS} at a time`,
    sendAll: (url, rows) => sendBatches(url, rows, CLIENTS),
  },
  { name: "one stream", sendAll: sendStream },
];

/** A file of rows: in one stream, and in requests of a thousand. */
export const streamRows: Scenario = {
  name: "stream-rows",
  summary: "rows/s and the Worker's memory: 1,000,000 rows in one stream, and 1,000 a request",
  async measure(stage, { quick, progress }) {
    const { rows: count, rounds, warmUpRows } = quick ? QUICK : FULL;
    const vars = { FRESHET_ADMIN_TOKEN: TOKEN, USE_CACHE: "false" };
    const worker = await prepareFreshet(stage, vars);
    const rows = makeRows(count);
    const warmUp = makeRows(warmUpRows);
    const servers: Served[] = [];
    const runners: Runner[] = [];
    try {
      for (const { name, sendAll } of WAYS) {
        const server = await serveWorker(stage.children, worker);
        servers.push(server);
        if (servers.length === 1) await publish(server.url, MODEL, numberedModel());
        await sendAll(server.url, warmUp);
        runners.push(runnerOf(server, name, () => sendAll(server.url, rows), count));
      }
      const contenders = await interleave(runners, rounds, (round, values) =>
        progress(`round ${round}/${rounds}: ${values.map(Math.round).join(" · ")} rows/s`),
      );
      return {
        scenario: "stream-rows",
        unit: "rows/s",
        how: `${count} rows of four features, which the model answers by themselves, ${rounds} interleaved rounds, no prediction cache; each way on a \`workerd serve\` of its own. Every row was answered by its own answer, in order.`,
        contenders,
      };
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
    }
  },
};

function runnerOf(server: Served, name: string, work: () => Promise<void>, count: number): Runner {
  return {
    name,
    ...(name === BATCHES ? {} : { against: BATCHES }),
    async measure() {
      const beforeMs = await server.cpuMs();
      const sinceMs = performance.now();
      const memory = await watchMemory(server, work);
      const value = (count * 1_000) / (performance.now() - sinceMs);
      const afterMs = await server.cpuMs();
      if (beforeMs === undefined || afterMs === undefined) return { value, details: memory };
      return {
        value,
        details: { "CPU µs/row": ((afterMs - beforeMs) * 1_000) / count, ...memory },
      };
    },
  };
}

function makeRows(count: number): Rows {
  const batches = Array.from({ length: count / BATCH }, (_, batch) =>
    Array.from({ length: BATCH }, (_row, place) => numberedLine(batch * BATCH + place)),
  );
  return {
    count,
    lines: batches.map((lines) => Buffer.from(`${lines.join("\n")}\n`)),
    requests: batches.map((lines) => Buffer.from(`{"rows":[${lines.join(",")}]}`)),
  };
}

async function sendStream(url: string, { count, lines }: Rows): Promise<void> {
  const agent = new Agent();
  const check = createOrderCheck();
  const type = "application/x-ndjson";
  await postRows({ url: url + PATH, agent, type, pieces: lines, onPiece: check.push });
  expectAll(check.rows, count);
}

/** The batches one after the other, by so many clients that each take the next one. */
async function sendBatches(url: string, { requests }: Rows, clients: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  let next = 0;
  async function client(): Promise<void> {
    for (let batch = next++; batch < requests.length; batch = next++) {
      const check = createOrderCheck((place) => batch * BATCH + place);
      const pieces = requests.slice(batch, batch + 1);
      const type = "application/json";
      await postRows({ url: url + PATH, agent, type, pieces, onPiece: check.push });
      expectAll(check.rows, BATCH);
    }
  }
  await Promise.all(Array.from({ length: clients }, client));
  agent.destroy();
}

function expectAll(answered: number, asked: number): void {
  if (answered !== asked) throw new Error(`${answered} of ${asked} rows were answered`);
}
