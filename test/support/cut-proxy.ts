import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A way to a server that breaks by itself. */
export interface CutProxy {
  readonly url: string;
  stop(): Promise<void>;
}

/** Relays connections until one of them has brought `maxBytes` of answers: that one is reset. */
export async function startCutProxy(target: string, maxBytes: number): Promise<CutProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const behind = connect(Number(port), hostname);
    for (const [socket, other] of [
      [client, behind],
      [behind, client],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => other.destroy());
    }
    client.pipe(behind);
    let left = maxBytes;
    behind.on("data", (bytes) => {
      const isLast = bytes.length > left;
      client.write(bytes.subarray(0, left), () => {
        // What was written is to be read before the reset.
        if (isLast) setTimeout(() => client.resetAndDestroy(), 50);
      });
      left -= Math.min(left, bytes.length);
      if (isLast) behind.destroy();
    });
    behind.on("end", () => client.end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port: own } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${own}`,
    stop() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
