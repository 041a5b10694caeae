// A Worker for one model that may put the rows of concurrent requests into one run. With JOIN_MS
// each request waits so long, by a timer of its own, for others to join it; without, it runs alone,
// as it does while fewer than JOIN_FROM requests are being answered.
import { floats, openSession } from "./ort-session.mjs";

const MAX_ROWS = 256;
let session;
let waiting = [];
let runs = 0;
let inFlight = 0;

// biome-ignore lint/style/noDefaultExport: a Worker's entry point
export default {
  async fetch(request, env) {
    if (request.method === "GET") return Response.json({ runs });
    inFlight += 1;
    try {
      const { inputs } = await request.json();
      session ??= await openSession(env);
      const row = { input: inputs[0], outputs: undefined, run: undefined };
      if (env.JOIN_MS === "" || inFlight < Number(env.JOIN_FROM)) await runTogether([row]);
      else await join(row, Number(env.JOIN_MS));
      return Response.json({ outputs: row.outputs });
    } finally {
      inFlight -= 1;
    }
  },
};

/** Whoever's timer fires first runs for all that wait; the others find their answer, or its run. */
async function join(row, waitMs) {
  waiting.push(row);
  await new Promise((resolve) => setTimeout(resolve, waitMs));
  if (row.run === undefined) {
    const rows = waiting.slice(0, MAX_ROWS);
    waiting = waiting.slice(MAX_ROWS);
    const run = runTogether(rows);
    for (const each of rows) each.run = run;
  }
  if (row.outputs === undefined) await row.run;
}

async function runTogether(rows) {
  runs += 1;
  const [{ input }] = rows;
  const size = input.data.length;
  const data = new Float32Array(rows.length * size);
  for (const [index, row] of rows.entries()) data.set(row.input.data, index * size);
  const shape = [rows.length, ...input.shape.slice(1)];
  const results = await session.run({ [input.name]: floats(data, shape) });
  for (const [index, row] of rows.entries()) {
    row.outputs = Object.entries(results).map(([name, { dims, data: all }]) => {
      const width = all.length / rows.length;
      const own = all.slice(index * width, (index + 1) * width);
      return { name, shape: [1, ...dims.slice(1)], data: Array.from(own, Number) };
    });
  }
}
