import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { connect } from "node:net";
import { join } from "node:path";

import type { WorkerModule } from "../../infra/build/build.ts";
import { freePort } from "../../infra/local/free-port.ts";

/** Path of the runtime's binary. */
const workerd: string = createRequire(import.meta.url)("workerd").default;

export interface ServedWorker {
  readonly url: string;
  /** Milliseconds from the spawn until it took a connection. */
  readonly listeningMs: number;
  stop(): Promise<void>;
}

/** Serves a bundle on `workerd serve`, the production runtime without a development proxy before it. */
export async function serveWorker(
  dir: string,
  modules: readonly WorkerModule[],
  vars: Readonly<Record<string, string>>,
): Promise<ServedWorker> {
  await mkdir(dir, { recursive: true });
  for (const { name, contents } of modules) await writeFile(join(dir, name), contents);
  const port = await freePort();
  const config = join(dir, "config.capnp");
  await writeFile(config, capnp(modules, vars, port));
  const startedMs = performance.now();
  const child = spawn(workerd, ["serve", config], { stdio: ["ignore", "ignore", "inherit"] });
  const url = `http://127.0.0.1:${port}`;
  await untilListening(child, port);
  return { url, listeningMs: performance.now() - startedMs, stop: () => stop(child) };
}

function capnp(
  modules: readonly WorkerModule[],
  vars: Readonly<Record<string, string>>,
  port: number,
): string {
  const embedded = modules.map(({ name, kind }) => `(name = "${name}", ${kind} = embed "${name}")`);
  const bindings = Object.entries(vars).map(
    ([name, text]) => `(name = "${name}", text = ${JSON.stringify(text)})`,
  );
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "internet", network = (allow = ["public", "private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [${embedded.join(", ")}],
  bindings = [${bindings.join(", ")}],
  compatibilityDate = "2026-11-01",
);
`;
}

/** Asks by TCP alone: the first HTTP request is what the cold scenario measures. */
async function untilListening(child: ChildProcess, port: number): Promise<void> {
  for (let tries = 0; tries < 4_000; tries += 1) {
    if (child.exitCode !== null) throw new Error(`workerd ended with ${child.exitCode}`);
    if (await takesConnections(port)) return;
    await new Promise((done) => setTimeout(done, 5));
  }
  throw new Error("workerd did not listen within 20 s");
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

function stop(child: ChildProcess): Promise<void> {
  return new Promise((done) => {
    if (child.exitCode !== null || child.signalCode !== null) return done();
    child.once("exit", () => done());
    child.kill("SIGKILL");
  });
}
