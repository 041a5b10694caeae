import { connect } from "node:net";

/** Sends a request and resets the TCP connection after `afterMs`. */
export function resetMidway(
  url: string,
  path: string,
  row: readonly (readonly number[])[],
  afterMs: number,
): Promise<void> {
  const { hostname, port, host } = new URL(url);
  const body = JSON.stringify({
    inputs: [{ name: "features", shape: [1, 4], datatype: "FP32", data: row }],
  });
  return new Promise((done) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(
        `POST ${path} HTTP/1.1\r\nhost: ${host}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      );
      setTimeout(() => {
        socket.resetAndDestroy();
        done();
      }, afterMs);
    });
    socket.on("error", () => done());
  });
}
