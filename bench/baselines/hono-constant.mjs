// The baseline of a kept answer: the same route in the same Hono, which reads the request's body
// as JSON, looks at nothing in it, and answers a text that is there. Body and headers are those of
// one of Freshet's own answers, byte for byte; nothing in them changes from answer to answer.
import { Hono } from "hono";

let body;
let headers;

const app = new Hono();

app.get("/", (c) => c.text("up"));

app.post("/v2/models/:model/infer", async (c) => {
  await c.req.json();
  body ??= c.env.ANSWER_BODY;
  headers ??= JSON.parse(c.env.ANSWER_HEADERS);
  return new Response(body, { headers });
});

// biome-ignore lint/style/noDefaultExport: a Worker's entry point
export default app;
