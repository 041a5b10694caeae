import { SingleBar } from "cli-progress";
import { formatBytes } from "./units.ts";

/** How far an upload is, for a person who waits. */
export interface Progress {
  sent(bytes: number): void;
  stop(): void;
}

const SILENT: Progress = { sent: () => undefined, stop: () => undefined };

const createBar = (name: string, totalBytes: number): SingleBar =>
  new SingleBar({
    format: `${name}  {bar}  {percentage}%  {done}/${formatBytes(totalBytes)}  {stage}`,
    barsize: 24,
    barCompleteChar: "━",
    barIncompleteChar: "─",
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
  });

/** How far a file of rows is. */
export interface RowsProgress {
  read(bytes: number, rows: number, failed: number): void;
  stop(): void;
}

/** As `startProgress`, of rows that are read, sent and answered at once. */
export function startRowsProgress(
  name: string,
  totalBytes: number,
  isWatched: boolean,
): RowsProgress {
  // Of what comes by a pipe nobody knows how much it is.
  if (!isWatched || totalBytes === 0) return { read: () => undefined, stop: () => undefined };
  const bar = createBar(name, totalBytes);
  bar.start(totalBytes, 0, { done: formatBytes(0), stage: "0 rows" });
  return {
    read: (bytes, rows, failed) => {
      const stage = `${rows} rows${failed === 0 ? "" : `, ${failed} failed`}`;
      bar.update(Math.min(bytes, totalBytes), { done: formatBytes(bytes), stage });
    },
    stop: () => bar.stop(),
  };
}

/** A bar on stderr, which goes away when it is done; nothing where nobody watches. */
export function startProgress(name: string, totalBytes: number, isWatched: boolean): Progress {
  if (!isWatched) return SILENT;
  const bar = createBar(name, totalBytes);
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
