import { join } from "node:path";
import { modelBytesKey } from "../../src/core/model/keys.ts";
import { ask, expectSameAnswer } from "../support/ask.ts";
import { interleave, type Runner } from "../support/interleave.ts";
import { type JoinedModel, joinedModels } from "../support/joined-models.ts";
import { drive } from "../support/load.ts";
import type { Contender } from "../support/result.ts";
import type { MeasureOptions, Scenario } from "../support/scenario.ts";
import type { Stage } from "../support/stage.ts";
import { type Served, serveWorker } from "../support/workerd.ts";

const WORKER = join(import.meta.dirname, "..", "baselines", "joining-worker.mjs");
const CLIENTS = [1, 8, 32, 128];
const FULL = { rounds: 7, seconds: 1 };
const QUICK = { rounds: 1, seconds: 1 };

/** How long a request waits for others (empty: it runs alone), and from how many at a time it does. */
const WAYS = [
  { name: "alone", joinMs: "", from: "" },
  { name: "joined", joinMs: "0", from: "1" },
  { name: "joined, 1 ms", joinMs: "1", from: "1" },
  { name: "joined from 16 on", joinMs: "0", from: "16" },
];

/** Whether concurrent rows of one model are better run together. */
export const microBatching: Scenario = {
  name: "micro-batching",
  summary: "requests/s of one row each: joined into one run with those that come meanwhile, or not",
  async measure(stage, options) {
    const contenders: Contender[] = [];
    for (const model of await joinedModels()) {
      await publish(stage, model);
      contenders.push(...(await measureModel(stage, model, options)));
    }
    const { rounds, seconds } = options.quick ? QUICK : FULL;
    return {
      scenario: "micro-batching",
      unit: "requests/s",
      how: `A Worker for one model, one row as JSON a request, ${rounds} interleaved rounds of ${seconds} s. "joined" waits for a timer of 0 ms and runs with all that came until then, up to 256; "from 16 on": only while 16 or more requests are being answered; each way on a \`workerd serve\` of its own.`,
      contenders,
    };
  },
};

async function publish({ store }: Stage, { name, bytes }: JoinedModel): Promise<void> {
  const written = await store.put(keyOf(name), bytes, { deadlineMs: 60_000 });
  if (!written.ok) throw new Error(`${name}: ${written.failure.detail}`);
}

const keyOf = (name: string): string => modelBytesKey(name.replaceAll(" ", "-"), "1");

async function measureModel(
  stage: Stage,
  model: JoinedModel,
  { quick, progress }: MeasureOptions,
): Promise<readonly Contender[]> {
  const { rounds, seconds } = quick ? QUICK : FULL;
  const size = model.shape.reduce((product, length) => product * length, 1);
  const data = new Array<number>(size).fill(0.5);
  const input = { name: model.input, shape: model.shape, datatype: "FP32", data };
  const body = JSON.stringify({ inputs: [input] });
  const servers = await Promise.all(WAYS.map((way) => serve(stage, model, way)));
  const [first, ...others] = servers;
  const expected = await ask(first?.url ?? "", body);
  for (const { url } of others) expectSameAnswer(expected, await ask(url, body));
  for (const { url } of servers) await drive({ url, body, connections: 8, seconds: 1 });
  const runners = CLIENTS.flatMap((clients) =>
    WAYS.map(({ name }, way): Runner => {
      const alone = nameOf(model, clients, "alone");
      const own = nameOf(model, clients, name);
      const { url = "" } = servers[way] ?? {};
      return {
        name: own,
        ...(own === alone ? {} : { against: alone }),
        measure: () => measureLoad(url, body, clients, seconds),
      };
    }),
  );
  const measured = await interleave(runners, rounds, (round) =>
    progress(`${model.name}: round ${round}/${rounds}`),
  );
  await Promise.all(servers.map((server) => server.stop()));
  return measured;
}

const nameOf = ({ name }: JoinedModel, clients: number, way: string): string =>
  `${name}, ${clients} client${clients === 1 ? "" : "s"}, ${way}`;

async function serve(
  stage: Stage,
  { name }: JoinedModel,
  { name: way, joinMs, from }: (typeof WAYS)[number],
): Promise<Served> {
  const vars = { ...stage.storeVars, MODEL_KEY: keyOf(name), JOIN_MS: joinMs, JOIN_FROM: from };
  const folder = `joining-${name}-${way}`.replaceAll(/\W+/g, "-");
  return serveWorker(stage.children, await stage.prepare(folder, WORKER, vars));
}

async function measureLoad(url: string, body: string, connections: number, seconds: number) {
  const before = await runsOf(url);
  const { requestsPerSecond, requests, p50Ms, p99Ms } = await drive({
    url,
    body,
    connections,
    seconds,
  });
  const rowsARun = requests / Math.max(1, (await runsOf(url)) - before);
  return {
    value: requestsPerSecond,
    details: { "p50 ms": p50Ms, "p99 ms": p99Ms, "rows a run": rowsARun },
  };
}

async function runsOf(url: string): Promise<number> {
  const { runs } = (await (await fetch(url)).json()) as { runs: number };
  return runs;
}
