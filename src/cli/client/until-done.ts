import type { Context } from "../context.ts";
import { checkFailure } from "../failure.ts";

interface Round<T> {
  readonly report: T;
  /** How far it is, for a person who waits. */
  readonly told: string;
}

/**
 * Repeats what a server does in steps, until it says `done`. Answers the last report.
 * @throws CliFailure when two reports are the same: it does not get on
 */
export async function untilDone<T extends { readonly done: boolean }>(
  context: Context,
  step: () => Promise<Round<T>>,
): Promise<T> {
  let before = "";
  for (;;) {
    const { report, told } = await step();
    if (report.done) return report;
    const now = JSON.stringify({ ...report, at: undefined, duration_ms: undefined });
    if (now === before) {
      const hint = "Run it again later; `freshet doctor` looks closer.";
      throw checkFailure("no_progress", "the server does not get on with it", hint);
    }
    before = now;
    if (context.isWatched) context.note(`${told} …`);
  }
}
