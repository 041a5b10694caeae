import type { OpenAPIHono } from "@hono/zod-openapi";
import { z } from "@hono/zod-openapi";
import { noticeMove } from "../../../core/lifecycle/notice-move.ts";
import { currentDeployment } from "../../../core/lifecycle/pointer/current-deployment.ts";
import {
  describeVersion,
  versionMeant,
} from "../../../core/lifecycle/versions/describe-version.ts";
import { listModelSummaries } from "../../../core/lifecycle/versions/list-models.ts";
import { measureStorage } from "../../../core/lifecycle/versions/measure-storage.ts";
import { pruneVersions } from "../../../core/lifecycle/versions/prune-versions.ts";
import { parseReference } from "../../../core/model/reference.ts";
import { ok } from "../../../core/model/result.ts";
import { addRoute } from "../../add-route.ts";
import type { AppContext, AppEnv } from "../../app-env.ts";
import type { HttpDeps } from "../../deps.ts";
import { flightContext } from "../../flight-context.ts";
import { json, modelParams } from "../../openapi/schemas.ts";
import { refuse, refuseRegistry } from "../../refuse.ts";
import { auditAction } from "../../registry/audit-action.ts";
import { readCursor, readLimit, writeCursor } from "../../registry/cursor.ts";
import { moverOf } from "../../registry/mover.ts";
import { readJsonBody } from "../../registry/read-json-body.ts";
import { anyObject, pageQuery, pruneSchema } from "../../registry/schemas.ts";

/** The registry as a whole: models, what they take, what may go. */
export function addRegistryRoutes(app: OpenAPIHono<AppEnv>, deps: HttpDeps): void {
  const { settings } = deps;
  const read = { method: "get", scope: "read", tag: "registry" } as const;
  addRoute(
    app,
    settings,
    {
      ...read,
      path: "/v1/models",
      summary: "Models by name, with the facts of what production serves",
      request: {
        query: pageQuery.extend({
          task: z.string().optional(),
          framework: z.string().optional(),
          tag: z.string().optional().openapi({ description: "`key` or `key:value`." }),
          text: z.string().optional().openapi({ description: "Part of name or description." }),
        }),
      },
      responses: { 200: json(anyObject, "{items, next_cursor?}") },
      refusals: [400, 503],
    },
    (c) => answerModels(c, deps),
  );
  addRoute(
    app,
    settings,
    {
      ...read,
      path: "/v1/models/{model}",
      summary: "A model: its aliases and everything known of what production serves",
      request: { params: modelParams },
      responses: { 200: json(anyObject, "{name, rev, aliases, production?}") },
      refusals: [400, 404, 409, 503],
    },
    (c) => answerModel(c, deps),
  );
  addRoute(
    app,
    settings,
    {
      ...read,
      path: "/v1/storage",
      summary: "What the bucket holds: counts, bytes, the oldest, what no alias names",
      responses: { 200: json(anyObject, "The report.") },
      refusals: [503],
    },
    async (c) => {
      const report = await measureStorage(deps.store);
      return report.ok ? c.json(report.value) : refuseRegistry(c, report.failure);
    },
  );
  addRoute(
    app,
    settings,
    {
      method: "post",
      scope: "admin",
      tag: "registry",
      path: "/v1/models/{model}/prune",
      summary: "Delete old versions by a policy; a dry run unless `dry_run` is false",
      request: { params: modelParams, body: json(pruneSchema, "What to keep.") },
      responses: { 200: json(anyObject, "{dry_run, deleted, kept}") },
      refusals: [400, 404, 409, 503],
    },
    (c) => answerPrune(c, deps),
  );
}

async function answerModels(c: AppContext, deps: HttpDeps): Promise<Response> {
  const limit = readLimit(c.req.query("limit"), { fallback: 50, max: 200 });
  if (!limit.ok) return refuseRegistry(c, limit.failure);
  const after = readCursor(c.req.query("cursor"));
  if (!after.ok) return refuseRegistry(c, after.failure);
  const { task, framework, tag, text } = c.req.query();
  const filter = { task, framework, tag, text };
  const page = await listModelSummaries(deps.store, filter, {
    after: after.value,
    limit: limit.value,
  });
  if (!page.ok) return refuseRegistry(c, page.failure);
  const { items, nextAfter } = page.value;
  return c.json({
    items,
    ...(nextAfter === undefined ? {} : { next_cursor: writeCursor(nextAfter) }),
  });
}

async function answerModel(c: AppContext, deps: HttpDeps): Promise<Response> {
  const reference = parseReference(c.req.param("model") ?? "");
  if (!reference.ok) return refuseRegistry(c, reference.failure);
  const deployment = await currentDeployment(deps.store, reference.value.model);
  if (!deployment.ok) return refuseRegistry(c, deployment.failure);
  const { model: name, rev, aliases } = deployment.value.value;
  const version = versionMeant(deployment.value.value, reference.value);
  if (!version.ok) return c.json({ name, rev, aliases });
  const production = await describeVersion(deps.store, deployment.value.value, version.value);
  if (production.ok) return c.json({ name, rev, aliases, production: production.value });
  return production.failure.reason === "store_unavailable"
    ? refuseRegistry(c, production.failure)
    : c.json({ name, rev, aliases });
}

async function answerPrune(c: AppContext, deps: HttpDeps): Promise<Response> {
  const reference = parseReference(c.req.param("model") ?? "");
  if (!reference.ok) return refuseRegistry(c, reference.failure);
  const body = await readJsonBody(c, pruneSchema);
  if (!body.ok) return refuse(c, body.failure);
  const { model } = reference.value;
  const { keep_last: keepLast, keep_days: keepDays, dry_run: dryRun, reason } = body.value;
  const policy = { keepLast, keepDays };
  const params = { keep_last: keepLast, keep_days: keepDays };
  const mover = dryRun
    ? ok(moverOf(c, reason))
    : await auditAction(c, deps, { action: "prune", model, params, reason });
  if (!mover.ok) return refuseRegistry(c, mover.failure);
  const report = await pruneVersions(deps.registry, model, policy, dryRun, mover.value);
  if (!report.ok) return refuseRegistry(c, report.failure);
  for (const { version } of dryRun ? [] : report.value.deleted) {
    deps.serve.models.unload(model, version);
  }
  noticeMove(deps.serve, flightContext(c, deps.clock), model);
  return c.json(report.value);
}
