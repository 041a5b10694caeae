/** Work that outlives the answer of one request or tick: `ctx.waitUntil` in Workers. */
export interface Background {
  /** Keeps the isolate working on `work` until it settles. Rejections are the caller's to handle. */
  keep(work: Promise<unknown>): void;
}
