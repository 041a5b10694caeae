import type { Context } from "hono";

/** What Freshet's middleware leaves on a request's context. */
export interface AppEnv {
  readonly Variables: { requestId: string };
  /** Handed from the serving part of the door to the rest; `env` itself never comes here. */
  readonly Bindings: { readonly requestId: string };
}

export type AppContext = Context<AppEnv>;
