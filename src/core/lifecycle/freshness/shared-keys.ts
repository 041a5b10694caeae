import * as z from "zod/mini";

/** Raised by every move of a pointer. */
export const CATALOG_KEY = "catalog";
/** Raised by every order to clear or to refresh. */
export const EPOCH_KEY = "epoch";
/** The order that raised the epoch last. */
export const LAST_ORDER_KEY = "epoch:last";

export const pointerKey = (model: string): string => `ptr:${model}`;

/** What Redis holds of a pointer: enough to see whether an isolate's own is the same. */
const pointerSchema = z.object({ rev: z.int(), etag: z.string() });

export type SharedPointer = z.output<typeof pointerSchema>;

/** `undefined` for what is not there and for what is no pointer: the store is asked then. */
export const parsePointer = (text: string | undefined): SharedPointer | undefined =>
  parse(pointerSchema, text);

/** What every isolate is to do at its next check. */
const orderSchema = z.object({
  epoch: z.int(),
  /**
   * - `all`: forget predictions and sessions.
   * - `predictions`: forget predictions.
   * - `refresh`: ask the store about the pointer again.
   */
  what: z.enum(["all", "predictions", "refresh"]),
  /** Missing: every model. */
  model: z.optional(z.string()),
});

export type Order = z.output<typeof orderSchema>;

export const parseOrder = (text: string | undefined): Order | undefined => parse(orderSchema, text);

function parse<T>(schema: z.ZodMiniType<T>, text: string | undefined): T | undefined {
  if (text === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
