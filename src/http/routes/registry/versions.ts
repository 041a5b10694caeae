import type { OpenAPIHono } from "@hono/zod-openapi";
import { z } from "@hono/zod-openapi";
import { noticeMove } from "../../../core/lifecycle/notice-move.ts";
import { currentDeployment } from "../../../core/lifecycle/pointer/current-deployment.ts";
import { annotateVersion } from "../../../core/lifecycle/versions/annotate-version.ts";
import { compareVersions } from "../../../core/lifecycle/versions/compare-versions.ts";
import { deleteVersion } from "../../../core/lifecycle/versions/delete-version.ts";
import {
  describeVersion,
  versionMeant,
} from "../../../core/lifecycle/versions/describe-version.ts";
import { listVersionDescriptions } from "../../../core/lifecycle/versions/list-versions.ts";
import { parseReference } from "../../../core/model/reference.ts";
import { addRoute } from "../../add-route.ts";
import type { AppContext, AppEnv } from "../../app-env.ts";
import type { HttpDeps } from "../../deps.ts";
import { flightContext } from "../../flight-context.ts";
import { json, modelParams, versionParams } from "../../openapi/schemas.ts";
import { refuse, refuseRegistry } from "../../refuse.ts";
import { auditAction } from "../../registry/audit-action.ts";
import { readLimit, readNumberCursor, writeCursor } from "../../registry/cursor.ts";
import { readJsonBody } from "../../registry/read-json-body.ts";
import { annotateSchema, anyObject, pageQuery } from "../../registry/schemas.ts";

const PATH = "/v1/models/{model}/versions";

/** Versions of a model: list, show, compare, annotate, delete. */
export function addVersionRoutes(app: OpenAPIHono<AppEnv>, deps: HttpDeps): void {
  const read = { method: "get", scope: "read", tag: "registry" } as const;
  const write = { scope: "admin", tag: "registry" } as const;
  const one = { path: `${PATH}/{version}`, request: { params: versionParams } };
  addRoute(
    app,
    deps.settings,
    {
      ...read,
      path: PATH,
      summary: "Versions of a model, newest first",
      request: { params: modelParams, query: pageQuery },
      responses: { 200: json(anyObject, "{items, next_cursor?}") },
      refusals: [400, 404, 409, 503],
    },
    (c) => answerList(c, deps),
  );
  addRoute(
    app,
    deps.settings,
    {
      ...read,
      ...one,
      summary: "Everything known of a version",
      responses: { 200: json(anyObject, "The manifest with its notes, etag and aliases.") },
      refusals: [400, 404, 409, 410, 503],
    },
    (c) => answerOne(c, deps),
  );
  addRoute(
    app,
    deps.settings,
    {
      ...read,
      path: "/v1/models/{model}/compare",
      summary: "Two versions side by side: metadata, metrics, interface, size, memory",
      request: {
        params: modelParams,
        query: z.object({
          a: z.string().openapi({ description: "A version or an alias.", example: "1" }),
          b: z.string().openapi({ description: "A version or an alias.", example: "2" }),
        }),
      },
      responses: { 200: json(anyObject, "{a, b, compatible, schema_differences, metrics, …}") },
      refusals: [400, 404, 409, 410, 503],
    },
    (c) => answerComparison(c, deps),
  );
  addRoute(
    app,
    deps.settings,
    {
      ...write,
      method: "patch",
      path: one.path,
      summary: "Tag, describe or deprecate a version",
      request: { params: versionParams, body: json(annotateSchema, "What to change.") },
      responses: { 200: json(anyObject, "{tags, description?, deprecated?}") },
      refusals: [400, 404, 409, 503],
    },
    (c) => answerAnnotate(c, deps),
  );
  addRoute(
    app,
    deps.settings,
    {
      ...write,
      ...one,
      method: "delete",
      summary: "Delete a version that no alias names; its number is not given again",
      responses: { 204: { description: "Deleted." } },
      refusals: [400, 404, 409, 422, 503],
    },
    (c) => answerDelete(c, deps),
  );
}

const nameOf = (c: AppContext) => parseReference(c.req.param("model") ?? "");

async function answerList(c: AppContext, deps: HttpDeps): Promise<Response> {
  const reference = nameOf(c);
  if (!reference.ok) return refuseRegistry(c, reference.failure);
  const limit = readLimit(c.req.query("limit"), { fallback: 20, max: 100 });
  if (!limit.ok) return refuseRegistry(c, limit.failure);
  const before = readNumberCursor(c.req.query("cursor"));
  if (!before.ok) return refuseRegistry(c, before.failure);
  const deployment = await currentDeployment(deps.store, reference.value.model);
  if (!deployment.ok) return refuseRegistry(c, deployment.failure);
  const page = await listVersionDescriptions(deps.store, deployment.value.value, {
    before: before.value,
    limit: limit.value,
  });
  if (!page.ok) return refuseRegistry(c, page.failure);
  const { items, nextBefore } = page.value;
  return c.json({
    items,
    ...(nextBefore === undefined ? {} : { next_cursor: writeCursor(nextBefore) }),
  });
}

async function answerOne(c: AppContext, deps: HttpDeps): Promise<Response> {
  const reference = parseReference(c.req.param("model") ?? "", c.req.param("version"));
  if (!reference.ok) return refuseRegistry(c, reference.failure);
  const deployment = await currentDeployment(deps.store, reference.value.model);
  if (!deployment.ok) return refuseRegistry(c, deployment.failure);
  const version = versionMeant(deployment.value.value, reference.value);
  if (!version.ok) return refuseRegistry(c, version.failure);
  const described = await describeVersion(deps.store, deployment.value.value, version.value);
  return described.ok ? c.json(described.value) : refuseRegistry(c, described.failure);
}

async function answerComparison(c: AppContext, deps: HttpDeps): Promise<Response> {
  const reference = nameOf(c);
  if (!reference.ok) return refuseRegistry(c, reference.failure);
  const [a, b] = [c.req.query("a"), c.req.query("b")];
  if (a === undefined || b === undefined) {
    return refuse(c, {
      status: 400,
      code: "invalid_request",
      detail: "name two versions or aliases: ?a=1&b=2",
    });
  }
  const compared = await compareVersions(deps.store, reference.value.model, [a, b]);
  return compared.ok ? c.json(compared.value) : refuseRegistry(c, compared.failure);
}

async function answerAnnotate(c: AppContext, deps: HttpDeps): Promise<Response> {
  const reference = parseReference(c.req.param("model") ?? "", c.req.param("version"));
  if (!reference.ok) return refuseRegistry(c, reference.failure);
  const body = await readJsonBody(c, annotateSchema);
  if (!body.ok) return refuse(c, body.failure);
  const { model, selector } = reference.value;
  if (selector.kind === "alias") return refuseAlias(c);
  const { tags, description, deprecated } = body.value;
  const target = selector.version;
  const mover = await auditAction(c, deps, {
    action: "annotate",
    model,
    target,
    params: body.value,
  });
  if (!mover.ok) return refuseRegistry(c, mover.failure);
  const at = new Date(deps.clock.now()).toISOString();
  const notes = await annotateVersion(deps.store, model, selector.version, {
    tags,
    description,
    deprecated: typeof deprecated === "string" ? { at, reason: deprecated } : deprecated,
  });
  return notes.ok ? c.json(notes.value) : refuseRegistry(c, notes.failure);
}

async function answerDelete(c: AppContext, deps: HttpDeps): Promise<Response> {
  const reference = parseReference(c.req.param("model") ?? "", c.req.param("version"));
  if (!reference.ok) return refuseRegistry(c, reference.failure);
  const { model, selector } = reference.value;
  if (selector.kind === "alias") return refuseAlias(c);
  const target = selector.version;
  const reason = c.req.query("reason");
  const mover = await auditAction(c, deps, { action: "delete", model, target, reason });
  if (!mover.ok) return refuseRegistry(c, mover.failure);
  const deleted = await deleteVersion(deps.registry, model, target, mover.value);
  if (!deleted.ok) return refuseRegistry(c, deleted.failure);
  deps.serve.models.unload(model, selector.version);
  noticeMove(deps.serve, flightContext(c, deps.clock), model);
  return c.body(null, 204);
}

/** An alias may move between the question and the deed. */
const refuseAlias = (c: AppContext): Response =>
  refuse(c, {
    status: 400,
    code: "bad_reference",
    detail: "name the version by its number: an alias may move meanwhile",
  });
