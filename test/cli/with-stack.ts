import { afterAll, beforeAll } from "vitest";
import type { Stack } from "../../infra/local/stack.ts";
import { startTestStack } from "../support/stack.ts";
import { cliFor, type Ran } from "./run-cli.ts";

/** A stack that runs while the tests of one `describe` do, and the command line for it. */
export interface StackWithCli {
  /** Once the tests run. */
  stack(): Stack;
  freshet(...args: readonly string[]): Promise<Ran>;
}

/** To be called in a `describe`. `given`: settings of the Worker. */
export function withStack(given: Readonly<Record<string, string>> = {}): StackWithCli {
  let started: Stack | undefined;
  const stack = () => {
    if (started === undefined) throw new Error("the stack has not started");
    return started;
  };
  beforeAll(async () => {
    started = await startTestStack(given);
  });
  afterAll(() => started?.stop());
  return { stack, freshet: (...args) => cliFor(stack().url)(...args) };
}
