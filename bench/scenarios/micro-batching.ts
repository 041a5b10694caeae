import { ask, expectSameAnswer } from "../support/ask.ts";
import { interleave, type Runner } from "../support/interleave.ts";
import { type JoinedModel, joinedModels } from "../support/joined-models.ts";
import { drive } from "../support/load.ts";
import { publish, TOKEN } from "../support/publish.ts";
import type { Contender } from "../support/result.ts";
import type { MeasureOptions, Scenario } from "../support/scenario.ts";
import { type Served, serveWorker } from "../support/workerd.ts";
import { prepareFreshet } from "../support/workers.ts";

const CLIENTS = [1, 8, 32, 128];
const FULL = { rounds: 7, seconds: 1 };
const QUICK = { rounds: 1, seconds: 1 };

/** What the deployment says of batching. */
const WAYS = [
  { name: "alone", batching: {} },
  { name: "batching", batching: { max_batch_size: 64, min_concurrency: 16 } },
  { name: "batching from 2", batching: { max_batch_size: 64, min_concurrency: 2 } },
];

type Way = (typeof WAYS)[number];

/** What a deployment's `batching` does to single rows of concurrent requests. */
export const microBatching: Scenario = {
  name: "micro-batching",
  summary: "requests/s of one row each, with the deployment's batching and without",
  async measure(stage, options) {
    const worker = await prepareFreshet(stage, { USE_CACHE: "false", FRESHET_ADMIN_TOKEN: TOKEN });
    const servers = await Promise.all(WAYS.map(() => serveWorker(stage.children, worker)));
    const contenders: Contender[] = [];
    for (const model of await joinedModels()) {
      contenders.push(...(await measureModel(servers, model, options)));
    }
    await Promise.all(servers.map((server) => server.stop()));
    const { rounds, seconds } = options.quick ? QUICK : FULL;
    return {
      scenario: "micro-batching",
      unit: "requests/s",
      how: `Freshet, one row as JSON a request, no prediction cache, ${rounds} interleaved rounds of ${seconds} s. "batching" is as a deployment has it unless it says more: rows share a run, up to 64, while 16 or more requests are being answered; "from 2" while 2 or more are. Each way on a \`workerd serve\` of its own.`,
      contenders,
    };
  },
};

/** One model at one Freshet. */
interface Target {
  readonly way: Way;
  readonly server: Served;
  readonly inferUrl: string;
  readonly statsUrl: string;
}

async function measureModel(
  servers: readonly Served[],
  model: JoinedModel,
  { quick, progress }: MeasureOptions,
): Promise<readonly Contender[]> {
  const { rounds, seconds } = quick ? QUICK : FULL;
  const size = model.shape.reduce((product, length) => product * length, 1);
  const data = new Array<number>(size).fill(0.5);
  const input = { name: model.input, shape: model.shape, datatype: "FP32", data };
  const body = JSON.stringify({ inputs: [input] });
  const targets: Target[] = [];
  for (const [place, server] of servers.entries()) {
    const way = WAYS[place];
    if (way !== undefined) targets.push(await publishAs(server, model, way));
  }
  const expected = await ask(targets[0]?.inferUrl ?? "", body);
  for (const { inferUrl } of targets) expectSameAnswer(expected, await ask(inferUrl, body));
  for (const { inferUrl } of targets) {
    await drive({ url: inferUrl, body, connections: 32, seconds: 1 });
  }
  const runners = CLIENTS.flatMap((clients) =>
    targets.map((target): Runner => {
      const alone = nameOf(model, clients, "alone");
      const own = nameOf(model, clients, target.way.name);
      return {
        name: own,
        ...(own === alone ? {} : { against: alone }),
        measure: () => measureLoad(target, body, clients, seconds),
      };
    }),
  );
  return interleave(runners, rounds, (round, values) =>
    progress(`${model.name}: round ${round}/${rounds}: ${values.map(Math.round).join(" · ")}`),
  );
}

const nameOf = ({ name }: JoinedModel, clients: number, way: string): string =>
  `${name}, ${clients} client${clients === 1 ? "" : "s"}, ${way}`;

/** Under a name of the way's own: all Freshets share a bucket. */
async function publishAs(server: Served, { name, bytes }: JoinedModel, way: Way): Promise<Target> {
  const { url } = server;
  const model = `${name} ${way.name}`.replaceAll(" ", "-");
  await publish(url, model, bytes);
  const path = `${url}/v1/models/${model}/deployment`;
  const etag = (await fetch(path)).headers.get("etag") ?? "";
  const answer = await fetch(path, {
    method: "PUT",
    headers: { authorization: `Bearer ${TOKEN}`, "if-match": etag },
    body: JSON.stringify({ batching: way.batching }),
  });
  if (!answer.ok) throw new Error(`batching: ${answer.status} ${await answer.text()}`);
  const route = `${url}/v2/models/${model}`;
  return { way, server, inferUrl: `${route}/infer`, statsUrl: `${route}/stats` };
}

async function measureLoad(target: Target, body: string, connections: number, seconds: number) {
  const before = await runsOf(target);
  const beforeMs = await target.server.cpuMs();
  const load = { url: target.inferUrl, body, connections, seconds };
  const { requestsPerSecond, requests, p50Ms, p99Ms } = await drive(load);
  const afterMs = await target.server.cpuMs();
  const after = await runsOf(target);
  const runs = Math.max(1, after.runs - before.runs);
  const rowsARun = (after.rows - before.rows) / runs;
  const details = { "p50 ms": p50Ms, "p99 ms": p99Ms, "rows a run": rowsARun };
  if (beforeMs === undefined || afterMs === undefined) return { value: requestsPerSecond, details };
  const cpuUs = ((afterMs - beforeMs) * 1_000) / requests;
  return { value: requestsPerSecond, details: { ...details, "CPU µs/request": cpuUs } };
}

async function runsOf({ statsUrl }: Target) {
  const { model_stats } = (await (await fetch(statsUrl)).json()) as {
    readonly model_stats: readonly { inference_count: number; execution_count: number }[];
  };
  const [page] = model_stats;
  return { rows: page?.inference_count ?? 0, runs: page?.execution_count ?? 0 };
}
