// The baseline: what a hand-written Worker does and nothing else. Parse JSON, session.run, JSON.
import { floats, openSession } from "./ort-session.mjs";

let session;

// biome-ignore lint/style/noDefaultExport: a Worker's entry point
export default {
  async fetch(request, env) {
    if (request.method === "GET") return new Response("up");
    const { inputs } = await request.json();
    session ??= await openSession(env);
    const feeds = {};
    for (const { name, shape, data } of inputs) {
      feeds[name] = floats(Float32Array.from(data), shape);
    }
    const results = await session.run(feeds);
    const outputs = Object.entries(results).map(([name, { dims, data }]) => ({
      name,
      shape: dims,
      data: Array.from(data, Number),
    }));
    return Response.json({ outputs });
  },
};
