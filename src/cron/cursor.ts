import * as z from "zod/mini";
import type { TickCursor } from "../core/lifecycle/cron/cron-state.ts";
import type { TickPlace } from "../core/lifecycle/cron/tick-report.ts";
import type { TickDeps } from "./tick-deps.ts";

type CursorDeps = Pick<TickDeps, "cron" | "sharedCache">;

const KEY = "cron:cursor";
const DEADLINE_MS = 1_000;
const KEPT_MS = 24 * 60 * 60_000;

const cursorSchema = z.object({
  models: z.optional(z.object({ token: z.string(), after: z.string() })),
  warm: z.optional(z.string()),
});

/** Where the last tick stopped: in any isolate, or, when Redis does not tell, in this one. */
export async function readCursor({ cron, sharedCache }: CursorDeps): Promise<TickCursor> {
  const read = await sharedCache?.get(KEY, DEADLINE_MS);
  if (read?.ok !== true || read.value === undefined) return cron.cursor;
  try {
    const parsed = cursorSchema.safeParse(JSON.parse(read.value));
    return parsed.success ? parsed.data : cron.cursor;
  } catch {
    return cron.cursor;
  }
}

/** Keeps where the next tick goes on. */
export async function writeCursor({ cron, sharedCache }: CursorDeps, cursor: TickCursor) {
  cron.cursor = cursor;
  await sharedCache?.set(KEY, JSON.stringify(cursor), { deadlineMs: DEADLINE_MS, ttlMs: KEPT_MS });
}

/** A cursor for people; `undefined` when there is nothing to go on with. */
export function placeOf({ models, warm }: TickCursor): TickPlace | undefined {
  if (models === undefined && warm === undefined) return undefined;
  return {
    ...(models === undefined ? {} : { models: models.after }),
    ...(warm === undefined ? {} : { warm }),
  };
}
