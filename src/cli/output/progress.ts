import { SingleBar } from "cli-progress";
import { formatBytes } from "./units.ts";

/** How far an upload is, for a person who waits. */
export interface Progress {
  sent(bytes: number): void;
  stop(): void;
}

const SILENT: Progress = { sent: () => undefined, stop: () => undefined };

/** A bar on stderr, which goes away when it is done; nothing where nobody watches. */
export function startProgress(name: string, totalBytes: number, isWatched: boolean): Progress {
  if (!isWatched) return SILENT;
  const bar = new SingleBar({
    format: `${name}  {bar}  {percentage}%  {done}/${formatBytes(totalBytes)}  {stage}`,
    barsize: 24,
    barCompleteChar: "━",
    barIncompleteChar: "─",
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
  });
  bar.start(totalBytes, 0, { done: formatBytes(0), stage: "uploading" });
  return {
    sent: (bytes) => {
      const sent = Math.min(bytes, totalBytes);
      // The rest is the server's: digest, inspection, trial load, sample, writing.
      const stage = sent === totalBytes ? "the server tries it" : "uploading";
      bar.update(sent, { done: formatBytes(sent), stage });
    },
    stop: () => bar.stop(),
  };
}
