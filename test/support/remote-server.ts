import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import type { TestProject } from "vitest/node";
import { answer, blackHole, cutShort, type Fault, reset, stalled } from "./fault-server.ts";
import "./provided-context.ts";
import { completion, oipAnswer } from "./remote.ts";

const seen = new Map<string, number>();

/** The first two requests of each id fail. */
const flaky =
  (fault: Fault): Fault =>
  (response, request) => {
    const id = String(request.headers["x-request-id"]);
    const count = (seen.get(id) ?? 0) + 1;
    seen.set(id, count);
    (count <= 2 ? fault : answer(200, oipAnswer()))(response, request);
  };

const packed =
  (text: string): Fault =>
  (response) => {
    response.writeHead(200, { "content-encoding": "gzip", "content-type": "application/json" });
    response.end(gzipSync(text));
  };

/** What is done with a request, by the first step of its path. */
const BEHAVIOURS: Readonly<Record<string, Fault>> = {
  good: answer(200, oipAnswer(), { "content-type": "application/json" }),
  gzip: packed(oipAnswer()),
  chat: answer(200, completion('```json\n{"label":[1,0],"probabilities":[0,1,1,0]}\n```')),
  echo: (response, request) => {
    const { authorization, "user-agent": agent, "x-request-id": id } = request.headers;
    const model_name = `${authorization}|${agent}|${id}`;
    answer(200, oipAnswer({ model_name }))(response, request);
  },
  redirect: answer(307, "", { location: "/good/v2/models/iris/versions/2/infer" }),
  big: answer(200, " ".repeat(1024 * 1024 + 1)),
  bomb: packed(" ".repeat(50_000_000)),
  endless: (response) => {
    response.writeHead(200);
    const more = () => {
      while (!response.destroyed && response.write(" ".repeat(65_536)));
    };
    response.on("drain", more);
    more();
  },
  never: blackHole,
  stall: stalled(10_000, '{"outputs":['),
  short: cutShort(10_000, '{"outputs":['),
  reset,
  "flaky-503": flaky(answer(503)),
  "flaky-reset": flaky(reset),
  "flaky-short": flaky(cutShort(10_000, "{")),
  refused: answer(401, "no"),
};

function behave(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  request.once("end", () => {
    const [, step = ""] = (request.url ?? "").split("/");
    (BEHAVIOURS[step] ?? answer(404))(response, request);
  });
}

/** Starts a remote for tests that run inside workerd, where no server can be started, and tells them where it is. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = createServer(behave);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  project.provide("remoteUrl", `http://127.0.0.1:${port}`);
  return () => {
    server.closeAllConnections();
    return new Promise((done) => server.close(() => done()));
  };
}
