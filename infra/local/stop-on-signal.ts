const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/**
 * Stops by Ctrl-C or SIGTERM, which may take a while: work that is begun is finished first. The
 * second signal ends the process at once; what it had begun is taken up when its lease ends.
 * Nobody else in this process answers these signals from here on.
 */
export function stopOnSignal(stop: () => Promise<void>, say: (line: string) => void): void {
  let isStopping = false;
  const onSignal = async () => {
    if (isStopping) process.exit(130);
    isStopping = true;
    say("stopping … (again: at once)");
    await stop();
    process.exit(0);
  };
  // Miniflare has listeners of its own, which end the process before anything could be stopped.
  const keepOut = (name: string | symbol, listener: (...given: unknown[]) => void) => {
    if (listener === onSignal || !SIGNALS.some((signal) => signal === name)) return;
    queueMicrotask(() => process.off(name, listener));
  };
  process.on("newListener", keepOut);
  for (const signal of SIGNALS) {
    process.removeAllListeners(signal);
    process.on(signal, onSignal);
  }
}
