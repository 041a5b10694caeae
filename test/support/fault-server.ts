import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What is done with one request, whose body has been read. */
export type Fault = (response: ServerResponse, request: IncomingMessage) => void;

interface SeenRequest {
  readonly method: string;
  /** Path and query as they came. */
  readonly target: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

/** A loopback server that answers as a test says: a store on a bad day. */
export interface FaultServer {
  readonly url: string;
  readonly seen: readonly SeenRequest[];
  /** One fault for each request, the last for all that follow. Forgets what was seen. */
  plan(first: Fault, ...then: readonly Fault[]): void;
  stop(): Promise<void>;
}

export async function startFaultServer(): Promise<FaultServer> {
  const seen: SeenRequest[] = [];
  let faults: readonly Fault[] = [blackHole];
  const server = createServer((request, response) => {
    readAll(request).then((body) => {
      const { method = "", url: target = "", headers } = request;
      seen.push({ method, target, headers, body });
      const fault = faults[Math.min(seen.length, faults.length) - 1] ?? blackHole;
      fault(response, request);
    }, ignored);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    plan(first, ...then) {
      seen.length = 0;
      faults = [first, ...then];
    },
    stop() {
      server.closeAllConnections();
      return new Promise((done) => server.close(() => done()));
    },
  };
}

/** A whole answer. */
export const answer =
  (status: number, body = "", headers: Readonly<Record<string, string>> = {}): Fault =>
  (response) => {
    response.writeHead(status, { "content-length": `${Buffer.byteLength(body)}`, ...headers });
    response.end(body);
  };

/** An S3 error document. Source: Amazon S3 API reference, "Error responses". */
export const s3Error = (status: number, code: string): Fault =>
  answer(
    status,
    `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>no</Message></Error>`,
    { "content-type": "application/xml" },
  );

/** Takes the request and never answers. */
export const blackHole: Fault = () => {};

/** A TCP reset instead of an answer. */
export const reset: Fault = (_response, request) => {
  request.socket.resetAndDestroy();
};

/** Declares `declaredBytes`, sends `body` and hangs up. */
export const cutShort =
  (declaredBytes: number, body: string, headers: Readonly<Record<string, string>> = {}): Fault =>
  (response, request) => {
    response.writeHead(200, { ...headers, "content-length": `${declaredBytes}` });
    response.write(body, () => request.socket.end());
  };

/** Declares `declaredBytes`, sends `body` and then nothing more. */
export const stalled =
  (declaredBytes: number, body: string, headers: Readonly<Record<string, string>> = {}): Fault =>
  (response) => {
    response.writeHead(200, { ...headers, "content-length": `${declaredBytes}` });
    response.write(body);
  };

const ignored = (): void => {};

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}
