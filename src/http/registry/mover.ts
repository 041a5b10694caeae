import type { Mover } from "../../core/lifecycle/pointer/move-pointer.ts";
import type { AppContext } from "../app-env.ts";

const NAME = /^[\x20-\x7e]{1,100}$/;

/** Who acts: the token's owner, and whom a deploying system names in `x-freshet-actor`. */
export function moverOf(c: AppContext, reason?: string | undefined): Mover {
  const named = c.req.header("x-freshet-actor")?.trim();
  const actor = named !== undefined && NAME.test(named) ? `admin (${named})` : "admin";
  return { actor, reason };
}
