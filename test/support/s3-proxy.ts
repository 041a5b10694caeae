import { createServer, request as send } from "node:http";
import type { AddressInfo } from "node:net";
import type { S3Config } from "../../src/adapters/s3/config.ts";

/** A store behind a door that counts, slows down and shuts. */
export interface S3Proxy {
  readonly config: S3Config;
  /** Calls that came, such as `GET models/iris/deployment.json`. */
  readonly calls: readonly string[];
  /** Milliseconds each answer is held back. */
  delayMs: number;
  /** `down`: connections are reset. */
  state: "up" | "down";
  clear(): void;
  stop(): Promise<void>;
}

/** Puts a proxy before an S3 endpoint. The signature is over the caller's Host, which is passed on as it came. */
export async function startS3Proxy(target: S3Config): Promise<S3Proxy> {
  const upstream = new URL(target.endpoint);
  const calls: string[] = [];
  const proxy = { delayMs: 0, state: "up" as S3Proxy["state"] };
  const server = createServer((incoming, outgoing) => {
    const path = decodeURIComponent((incoming.url ?? "").replace(/\?.*$/, ""));
    calls.push(
      `${incoming.method} ${path.slice(path.indexOf(target.bucket) + target.bucket.length + 1)}`,
    );
    if (proxy.state === "down") {
      incoming.socket.resetAndDestroy();
      return;
    }
    const { method, url: path_, headers } = incoming;
    const options = { host: upstream.hostname, port: upstream.port, method, path: path_, headers };
    const forwarded = send(options, (answer) => {
      setTimeout(() => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      }, proxy.delayMs);
    });
    forwarded.on("error", () => incoming.socket.resetAndDestroy());
    incoming.pipe(forwarded);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return {
    config: { ...target, endpoint: `http://127.0.0.1:${port}${upstream.pathname}` },
    calls,
    get delayMs() {
      return proxy.delayMs;
    },
    set delayMs(ms) {
      proxy.delayMs = ms;
    },
    get state() {
      return proxy.state;
    },
    set state(state) {
      proxy.state = state;
    },
    clear: () => void calls.splice(0),
    stop() {
      server.closeAllConnections();
      return new Promise((done) => server.close(() => done()));
    },
  };
}
