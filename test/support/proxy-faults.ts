import type { ServerResponse } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { answerWith, endToEnd, type ProxyFault, type Upstream } from "./fault-proxy.ts";
import { answer, type Fault } from "./fault-server.ts";

/** The answer comes, late. */
export const latency =
  (ms: number): ProxyFault =>
  async (response, _request, pass) => {
    const upstream = await pass();
    await pause(ms);
    answerWith(response, upstream);
  };

/** It was carried out; a TCP reset comes instead of the answer. */
export const answerLost: ProxyFault = async (_response, request, pass) => {
  await pass();
  request.socket.resetAndDestroy();
};

/** It was carried out; no answer ever comes. */
export const answerSwallowed: ProxyFault = async (_response, _request, pass) => {
  await pass();
};

/** Headers and the first `bytes` of the body come, then a TCP reset. */
export const resetAfter =
  (bytes: number): ProxyFault =>
  async (response, request, pass) => {
    const part = begin(response, await pass(), bytes);
    await sent(response, part);
    request.socket.resetAndDestroy();
  };

/** Headers that declare the whole body and its first `bytes` come, never the last one, then an orderly end. */
export const truncate =
  (bytes: number): ProxyFault =>
  async (response, request, pass) => {
    const part = begin(response, await pass(), bytes);
    await sent(response, part);
    request.socket.end();
  };

/** As `truncate`, of a body without a declared length: the last chunk is missing. */
export const cutChunked =
  (bytes: number): ProxyFault =>
  async (response, request, pass) => {
    const { status, headers, body } = await pass();
    const { "content-length": _, ...others } = endToEnd(headers);
    response.writeHead(status, others);
    await sent(response, body.subarray(0, short(body, bytes)));
    request.socket.end();
  };

/** The body comes by so many bytes a second. */
export const drip =
  (bytesPerSecond: number): ProxyFault =>
  async (response, _request, pass) => {
    const { status, headers, body } = await pass();
    response.writeHead(status, endToEnd(headers));
    response.flushHeaders();
    let at = 0;
    const timer = setInterval(() => {
      const end = Math.min(body.length, at + 1);
      response.write(body.subarray(at, end));
      at = end;
      if (at === body.length) response.end();
    }, 1_000 / bytesPerSecond);
    response.on("close", () => clearInterval(timer));
  };

/** The answer is whole, and its text is another. */
export const rewritten =
  (change: (text: string) => string): ProxyFault =>
  async (response, _request, pass) => {
    const { status, headers, body } = await pass();
    const text = Buffer.from(change(body.toString("utf8")));
    answerWith(
      response,
      { status, headers, body: text },
      { "content-length": `${text.byteLength}` },
    );
  };

/** The right answer under a validator that the store does not know. */
export const wrongEtag =
  (etag: string): ProxyFault =>
  async (response, _request, pass) =>
    answerWith(response, await pass(), { etag });

/** The page of a proxy or a sign-in with status 200. `etag` makes it look like an object. */
export const htmlPage = (etag?: string): Fault =>
  answer(200, "<html><body>Please sign in</body></html>", typed("text/html", etag));

/** JSON of some other service. */
export const otherJson = (etag?: string): Fault =>
  answer(200, '{"status":"fine","result":{"items":[]}}', typed("application/json", etag));

const typed = (type: string, etag: string | undefined) => ({
  "content-type": type,
  ...(etag === undefined ? {} : { etag }),
});

function begin(response: ServerResponse, { status, headers, body }: Upstream, bytes: number) {
  response.writeHead(status, { ...endToEnd(headers), "content-length": `${body.length}` });
  return body.subarray(0, short(body, bytes));
}

/** Of a body never all. */
const short = (body: Buffer, bytes: number): number =>
  Math.max(0, Math.min(bytes, body.length - 1));

/** Waits until headers and `part` have left: a reset takes back what has not. */
async function sent(response: ServerResponse, part: Buffer): Promise<void> {
  response.flushHeaders();
  if (part.length > 0) await new Promise((done) => response.write(part, done));
  await pause(10);
}
