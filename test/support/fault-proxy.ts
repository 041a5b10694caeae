import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
  request as send,
} from "node:http";
import type { AddressInfo } from "node:net";

/** What the server behind the proxy answered, whole. */
export interface Upstream {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/**
 * What becomes of one request, whose body has been read. `pass` lets the server behind have it: a
 * fault before that call means the request never arrived, one after it that it was carried out
 * and the answer suffers. Every fault of a fault server is one that never passes.
 */
export type ProxyFault = (
  response: ServerResponse,
  request: IncomingMessage,
  pass: () => Promise<Upstream>,
) => unknown;

/** Which of the matching requests a fault meets: all of them, unless said otherwise. */
export interface Aim {
  /** Matching requests that are left alone first. */
  readonly skip?: number;
  /** Matching requests that it meets after these. */
  readonly times?: number;
}

/** A fault in force. */
export interface Injected {
  /** Requests that it has met. */
  readonly hits: number;
  lift(): void;
}

/** A server behind a door that a test makes fail, by request and for as long as it likes. */
export interface FaultProxy {
  /** Where the server behind is now reached: same path. */
  readonly url: string;
  /** Requests that came, one line each, as the proxy's maker words them. */
  readonly calls: readonly string[];
  /** Those of them that the server behind has had, whatever became of its answer. */
  readonly passed: readonly string[];
  /** Requests whose line matches meet `fault`. Of several faults the newest is met. */
  inject(match: RegExp, fault: ProxyFault, aim?: Aim): Injected;
  /** Connections are refused from now on, and those there are end. */
  shut(): Promise<void>;
  /** Every fault is lifted; what was shut is open again, at the same address. */
  heal(): Promise<void>;
  /** Forgets calls. */
  clear(): void;
  stop(): Promise<void>;
}

export interface FaultProxyOptions {
  /** One request as a line, to match and to count by; its method and path unless said otherwise. */
  readonly lineOf?: (request: IncomingMessage, body: Buffer) => string;
  /** What meets a request that no fault is meant for; it is relayed unless said otherwise. */
  readonly otherwise?: ProxyFault;
}

interface Rule {
  readonly match: RegExp;
  readonly fault: ProxyFault;
  skip: number;
  times: number;
  hits: number;
}

/** The answer as it is. */
export const relay: ProxyFault = async (response, _request, pass) =>
  answerWith(response, await pass());

/** Gives an upstream answer, with some headers otherwise. */
export function answerWith(
  response: ServerResponse,
  { status, headers, body }: Upstream,
  changed: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { ...endToEnd(headers), ...changed });
  response.end(body);
}

/** Headers without those of the connection they came by. */
export function endToEnd({
  connection: _,
  "keep-alive": __,
  "transfer-encoding": ___,
  ...headers
}: IncomingHttpHeaders): IncomingHttpHeaders {
  return headers;
}

/** Puts a proxy before an HTTP server. Headers, Host among them, are passed on as they came: signatures stay right. */
export async function startFaultProxy(
  target: string,
  { lineOf = methodAndPath, otherwise = relay }: FaultProxyOptions = {},
): Promise<FaultProxy> {
  const upstream = new URL(target);
  const calls: string[] = [];
  const passed: string[] = [];
  const rules: Rule[] = [];
  const server = createServer((request, response) => {
    handle(request, response).catch(() => request.socket.resetAndDestroy());
  });
  // Closed when idle, a connection could end just as the next request is on its way.
  server.keepAliveTimeout = 0;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readAll(request);
    const line = lineOf(request, body);
    calls.push(line);
    const fault = next(rules, line)?.fault ?? otherwise;
    await fault(response, request, () => {
      passed.push(line);
      return passOn(upstream, request, body);
    });
  }

  const listen = (at: number) =>
    new Promise<void>((done) => server.listen(at, "127.0.0.1", () => done()));
  const close = () => {
    const closed = new Promise<void>((done) => server.close(() => done()));
    server.closeAllConnections();
    return closed;
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${upstream.pathname.replace(/\/$/, "")}`,
    calls,
    passed,
    inject(match, fault, { skip = 0, times = Number.POSITIVE_INFINITY } = {}) {
      const rule: Rule = { match, fault, skip, times, hits: 0 };
      rules.unshift(rule);
      return {
        get hits() {
          return rule.hits;
        },
        lift: () => void rules.splice(rules.indexOf(rule) >>> 0, 1),
      };
    },
    shut: close,
    async heal() {
      rules.length = 0;
      if (!server.listening) await listen(port);
    },
    clear() {
      calls.length = 0;
      passed.length = 0;
    },
    stop: () => (server.listening ? close() : Promise.resolve()),
  };
}

/** The newest rule for a request, counted; one that has met all it was to meet is none. */
function next(rules: readonly Rule[], line: string): Rule | undefined {
  for (const rule of rules) {
    if (!rule.match.test(line) || rule.hits === rule.times) continue;
    if (rule.skip > 0) {
      rule.skip -= 1;
      continue;
    }
    rule.hits += 1;
    return rule;
  }
  return undefined;
}

const methodAndPath = ({ method, url }: IncomingMessage): string => `${method} ${url}`;

function passOn(upstream: URL, incoming: IncomingMessage, body: Buffer): Promise<Upstream> {
  const { method, url: path, headers } = incoming;
  const { hostname: host, port } = upstream;
  return new Promise((done, failed) => {
    const forwarded = send({ host, port, method, path, headers }, (answer) => {
      const { statusCode: status = 502, headers } = answer;
      readAll(answer).then((body) => done({ status, headers, body }), failed);
    });
    forwarded.on("error", failed);
    forwarded.end(body);
  });
}

export async function readAll(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk);
  return Buffer.concat(chunks);
}
