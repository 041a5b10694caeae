#!/usr/bin/env node
import { run } from "./run.ts";

// `freshet … | head` closes the pipe: nobody reads on, which is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

/** As the shell counts: 128 and the signal's number. */
const STOPS = { SIGINT: 130, SIGTERM: 143 } as const;

function onStop(act: () => void): () => void {
  const stops = Object.entries(STOPS).map(([signal, code]) => {
    const stop = () => {
      act();
      process.exit(code);
    };
    process.once(signal, stop);
    return () => void process.off(signal, stop);
  });
  return () => {
    for (const takeBack of stops) takeBack();
  };
}

process.exitCode = await run(process.argv.slice(2), {
  env: process.env,
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  input: () => process.stdin,
  send: (text) => new Promise((resolve) => process.stdout.write(text, () => resolve())),
  onStop,
  isOutTerminal: process.stdout.isTTY === true,
  isErrTerminal: process.stderr.isTTY === true,
  columns: process.stdout.columns,
});
