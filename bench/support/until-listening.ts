import type { ChildProcess } from "node:child_process";
import { connect } from "node:net";

const PAUSE_MS = 2;
const LIMIT_MS = 20_000;

/**
 * Waits until a process takes connections. Asks by TCP alone: the first HTTP
 * request is what the cold scenario measures.
 */
export async function untilListening(child: ChildProcess, port: number): Promise<void> {
  const endMs = performance.now() + LIMIT_MS;
  while (performance.now() < endMs) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended with ${child.exitCode}`);
    if (await takesConnections(port)) return;
    await new Promise((done) => setTimeout(done, PAUSE_MS));
  }
  throw new Error(`${child.spawnfile} did not listen within ${LIMIT_MS} ms`);
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((answer) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("error", () => answer(false));
    socket.once("connect", () => {
      socket.destroy();
      answer(true);
    });
  });
}
