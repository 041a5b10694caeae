import type { Scope } from "../core/model/scope.ts";
import { refuseScope } from "./authorize.ts";
import type { HttpSettings } from "./deps.ts";
import { renderRefusal } from "./problem.ts";
import type { Handler } from "./serving-route.ts";

/** Puts a handler behind a scope; `undefined` lets everyone in, as does a public one. */
export const guard = (
  settings: HttpSettings,
  scope: Scope | undefined,
  handler: Handler,
): Handler =>
  scope === undefined || settings.publicScopes.has(scope)
    ? handler
    : (c) => {
        const refusal = refuseScope(settings, scope, c.req.header("authorization"));
        return refusal === undefined
          ? handler(c)
          : renderRefusal(c.req.path, c.get("requestId"), refusal);
      };

/** A path as the router writes it: `{model}` is `:model`. */
export const routerPath = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ":$1");
