import type { Context } from "hono";

/** What Freshet's middleware leaves on a request's context. */
export interface AppEnv {
  readonly Variables: { requestId: string };
}

export type AppContext = Context<AppEnv>;
