import type { z } from "zod";
import type { movedSchema } from "../client/answers.ts";
import type { Context } from "../context.ts";
import { formatRoute } from "../output/words.ts";

/** Tells where an alias points after a move. */
export function printMoved(
  context: Context,
  model: string,
  moved: z.output<typeof movedSchema>,
): void {
  const { alias, route, rev } = moved;
  context.print(
    moved,
    () => `${model}@${alias} → ${context.style.bold(formatRoute(route))}  (revision ${rev})`,
  );
}
