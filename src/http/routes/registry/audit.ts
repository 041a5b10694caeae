import type { OpenAPIHono } from "@hono/zod-openapi";
import { z } from "@hono/zod-openapi";
import type { AuditFailure } from "../../../core/lifecycle/audit/entry.ts";
import { type AuditItem, readAudit } from "../../../core/lifecycle/audit/read-audit.ts";
import { verifyAudit } from "../../../core/lifecycle/audit/verify-audit.ts";
import { isModelName } from "../../../core/model/reference.ts";
import { addRoute } from "../../add-route.ts";
import type { AppContext, AppEnv } from "../../app-env.ts";
import type { HttpDeps } from "../../deps.ts";
import { json } from "../../openapi/schemas.ts";
import { refuse, refuseRegistry } from "../../refuse.ts";
import { tellAuditFailure } from "../../registry/audit-action.ts";
import { readCursor, readLimit, writeCursor } from "../../registry/cursor.ts";
import { anyObject, pageQuery } from "../../registry/schemas.ts";

/** Who did what as an admin, and whether the record of it is whole. */
export function addAuditRoutes(app: OpenAPIHono<AppEnv>, deps: HttpDeps): void {
  const read = { method: "get", scope: "admin", tag: "registry" } as const;
  addRoute(
    app,
    deps.settings,
    {
      ...read,
      path: "/v1/audit",
      summary: "Admin actions as they were attempted, newest first",
      request: {
        query: pageQuery.extend({
          model: z.string().optional().openapi({ description: "Only what was done to it." }),
        }),
      },
      responses: { 200: json(anyObject, "{items, next_cursor?}") },
      refusals: [400, 503],
    },
    (c) => answerAudit(c, deps),
  );
  addRoute(
    app,
    deps.settings,
    {
      ...read,
      path: "/v1/audit/verify",
      summary: "Whether an entry of the audit was removed, altered or added",
      responses: { 200: json(anyObject, "{ok, entries, head, problems: [{key, problem}]}") },
      refusals: [503],
    },
    async (c) => {
      const report = await verifyAudit(deps);
      return report.ok ? c.json(report.value) : refuseRead(c, deps, report.failure);
    },
  );
}

async function answerAudit(c: AppContext, deps: HttpDeps): Promise<Response> {
  const limit = readLimit(c.req.query("limit"), { fallback: 50, max: 200 });
  if (!limit.ok) return refuseRegistry(c, limit.failure);
  const before = readCursor(c.req.query("cursor"));
  if (!before.ok) return refuseRegistry(c, before.failure);
  const model = c.req.query("model");
  if (model !== undefined && !isModelName(model)) {
    return refuse(c, { status: 400, code: "bad_reference", detail: "model is not a model name" });
  }
  const query = { before: before.value, limit: limit.value, model };
  const page = await readAudit(deps.store, query);
  if (!page.ok) return refuseRead(c, deps, page.failure);
  const { items, nextBefore } = page.value;
  return c.json({
    items: items.map(itemOf),
    ...(nextBefore === undefined ? {} : { next_cursor: writeCursor(nextBefore) }),
  });
}

/** What is no entry any more is shown by its place: `verify` says what is the matter. */
const itemOf = ({ key, entry }: AuditItem) => (entry === undefined ? { key } : { key, ...entry });

/** The store's own words name keys and hosts: they are for the log. */
function refuseRead(c: AppContext, deps: HttpDeps, failure: AuditFailure): Response {
  tellAuditFailure(c, deps, failure);
  return refuse(c, {
    status: 503,
    code: failure.reason,
    detail: "the audit cannot be read: the store does not answer; try again",
    retryAfterS: 1,
  });
}
