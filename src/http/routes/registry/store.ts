import type { OpenAPIHono } from "@hono/zod-openapi";
import { probeConditions } from "../../../core/lifecycle/probe-conditions.ts";
import { addRoute } from "../../add-route.ts";
import type { AppEnv } from "../../app-env.ts";
import type { HttpDeps } from "../../deps.ts";
import { json } from "../../openapi/schemas.ts";
import { refuseRegistry } from "../../refuse.ts";
import { anyObject } from "../../registry/schemas.ts";

/** The bucket as such. */
export function addStoreRoutes(app: OpenAPIHono<AppEnv>, deps: HttpDeps): void {
  addRoute(
    app,
    deps.settings,
    {
      method: "post",
      scope: "admin",
      tag: "registry",
      path: "/v1/store/probe",
      summary:
        "Whether the store enforces conditional writes, tried on a key that is removed again",
      responses: {
        200: json(anyObject, "{create, replace}: `enforced`, `ignored` or `refused` each"),
      },
      refusals: [503],
    },
    // Not an action on the registry: it leaves nothing, and the audit has nothing to tell of it.
    async (c) => {
      const report = await probeConditions(deps.store, deps.newId());
      if (report.ok) return c.json(report.value);
      const { reason, detail, cause } = report.failure;
      const requestId = c.get("requestId");
      deps.events.emit({ kind: "request_failed", requestId, status: 503, reason, detail, cause });
      return refuseRegistry(c, { reason: "store_unavailable", detail, cause });
    },
  );
}
