import type { AskStickiness } from "../core/routing/resolve.ts";
import type { AppContext } from "./app-env.ts";
import type { HttpDeps } from "./deps.ts";

/** What holds a caller on a variant, by the headers of its request; read only where traffic is split. */
export const stickinessOf =
  (c: AppContext, { random }: Pick<HttpDeps, "random">): AskStickiness =>
  () => ({
    routingKey: c.req.header("x-freshet-routing-key"),
    route: c.req.header("x-freshet-route"),
    random,
  });
