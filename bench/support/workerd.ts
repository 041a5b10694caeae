import { mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";

import type { WorkerModule } from "../../infra/build/build.ts";
import { freePort } from "../../infra/local/free-port.ts";
import { type ChildProcesses, end } from "./child-processes.ts";
import { cpuTimeMs } from "./cpu-time.ts";
import { residentBytes } from "./resident-bytes.ts";
import { untilListening } from "./until-listening.ts";

/** Path of the runtime's binary. */
const workerd: string = createRequire(import.meta.url)("workerd").default;

export interface Served {
  readonly url: string;
  /** Milliseconds from the spawn until it took a connection. */
  readonly listeningMs: number;
  /** Milliseconds of CPU used so far, where the system tells. */
  cpuMs(): Promise<number | undefined>;
  /** Bytes of memory that the process holds now, where the system tells. */
  residentBytes(): Promise<number | undefined>;
  stop(): Promise<void>;
}

/** A Worker's modules on disk, with its variables: ready to be served any number of times. */
export interface WorkerOnDisk {
  readonly dir: string;
  readonly modules: readonly WorkerModule[];
  readonly vars: Readonly<Record<string, string>>;
}

/** Writes a bundle where `serveWorker` finds it. */
export async function layOut(worker: WorkerOnDisk): Promise<WorkerOnDisk> {
  await mkdir(worker.dir, { recursive: true });
  for (const { name, contents } of worker.modules) {
    await writeFile(join(worker.dir, name), contents);
  }
  return worker;
}

export interface ServeOptions {
  /** Where the isolate is open to a debugger; left out: it is not. */
  readonly inspectorPort?: number;
}

/** Serves a bundle on `workerd serve`, the production runtime without a development proxy before it. */
export async function serveWorker(
  children: ChildProcesses,
  { dir, modules, vars }: WorkerOnDisk,
  { inspectorPort }: ServeOptions = {},
): Promise<Served> {
  const port = await freePort();
  const config = join(dir, `${port}.capnp`);
  await writeFile(config, capnp(modules, vars, port));
  const startedMs = performance.now();
  const inspector =
    inspectorPort === undefined ? [] : [`--inspector-addr=127.0.0.1:${inspectorPort}`];
  const child = children.start(workerd, ["serve", config, ...inspector]);
  await untilListening(child, port);
  return {
    url: `http://127.0.0.1:${port}`,
    listeningMs: performance.now() - startedMs,
    cpuMs: () => cpuTimeMs(child),
    residentBytes: () => residentBytes(child),
    stop: () => end(child),
  };
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
