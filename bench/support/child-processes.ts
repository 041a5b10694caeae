import { type ChildProcess, spawn } from "node:child_process";

/** Every process that the measurements started, so that none outlives them. */
export class ChildProcesses {
  readonly #running = new Set<ChildProcess>();

  /** Starts a command; its errors are shown, its output is not. */
  start(command: string, args: readonly string[]): ChildProcess {
    const child = spawn(command, args, { stdio: ["ignore", "ignore", "inherit"] });
    this.#running.add(child);
    child.once("exit", () => this.#running.delete(child));
    child.once("error", () => this.#running.delete(child));
    return child;
  }

  /** Synchronous: the one thing that an exiting process can still do. */
  killAll(): void {
    for (const child of this.#running) child.kill("SIGKILL");
  }
}

/** Ends a process at once and waits until it is gone. Idempotent. */
export function end(child: ChildProcess): Promise<void> {
  return new Promise((done) => {
    if (child.exitCode !== null || child.signalCode !== null) return done();
    child.once("exit", () => done());
    child.kill("SIGKILL");
  });
}
