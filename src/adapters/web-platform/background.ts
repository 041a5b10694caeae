import type { Background } from "../../core/ports/background.ts";

/** Hands work to `ctx.waitUntil`: up to 30 s after the answer of a request. */
export const createBackground = (ctx: { waitUntil(work: Promise<unknown>): void }): Background => ({
  keep: (work) => ctx.waitUntil(work),
});
