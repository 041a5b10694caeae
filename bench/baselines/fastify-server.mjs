// The native baseline: Fastify with onnxruntime-node on one core, the same request and answer.
import { readFile } from "node:fs/promises";
import Fastify from "fastify";
import * as ort from "onnxruntime-node";

const [modelPath, port] = process.argv.slice(2);
const session = await ort.InferenceSession.create(await readFile(modelPath), {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
});
const app = Fastify();

app.get("/", () => "up");
app.post("/infer", async (request) => {
  const feeds = {};
  for (const { name, shape, data } of request.body.inputs) {
    feeds[name] = new ort.Tensor("float32", Float32Array.from(data), shape);
  }
  const results = await session.run(feeds);
  return {
    outputs: Object.entries(results).map(([name, { dims, data }]) => ({
      name,
      shape: dims,
      data: Array.from(data, Number),
    })),
  };
});

await app.listen({ host: "127.0.0.1", port: Number(port) });
