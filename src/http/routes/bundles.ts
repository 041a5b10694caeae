import type { OpenAPIHono } from "@hono/zod-openapi";
import { z } from "@hono/zod-openapi";
import { deleteBundle } from "../../core/lifecycle/bundle/delete-bundle.ts";
import { listBundles } from "../../core/lifecycle/bundle/list-bundles.ts";
import { type PutCondition, putBundle } from "../../core/lifecycle/bundle/put-bundle.ts";
import { bundleFailure, readBundle } from "../../core/lifecycle/bundle/read-bundle.ts";
import type { RegistryFailure } from "../../core/lifecycle/registry-failure.ts";
import { bundleDraftSchema } from "../../core/model/bundle.ts";
import { addRoute } from "../add-route.ts";
import type { AppContext, AppEnv } from "../app-env.ts";
import { bundleNameOf, bundleParams } from "../bundle/bundle-name.ts";
import type { HttpDeps } from "../deps.ts";
import { json } from "../openapi/schemas.ts";
import { refuse, refuseRegistry } from "../refuse.ts";
import { auditAction } from "../registry/audit-action.ts";
import { readCursor, readLimit, writeCursor } from "../registry/cursor.ts";
import { readJsonBody } from "../registry/read-json-body.ts";
import { anyObject, jsonBody, pageQuery } from "../registry/schemas.ts";

const PATH = "/v1/bundles";

const EXAMPLE = { references: ["iris-logreg", "wine-pipeline@1"], warm: true };

/** Named sets of models: list, show, put, delete. */
export function addBundleRoutes(app: OpenAPIHono<AppEnv>, deps: HttpDeps): void {
  const { settings } = deps;
  const one = { path: `${PATH}/{bundle}`, tag: "registry" } as const;
  const ifMatch = z.string().optional().openapi({ description: "Only while it is this one." });
  addRoute(
    app,
    settings,
    {
      method: "get",
      scope: "read",
      tag: "registry",
      path: PATH,
      summary: "Bundles by name",
      request: { query: pageQuery },
      responses: { 200: json(anyObject, "{items, next_cursor?}") },
      refusals: [400, 503],
    },
    (c) => answerList(c, deps),
  );
  addRoute(
    app,
    settings,
    {
      ...one,
      method: "get",
      scope: "read",
      summary: "A bundle; its ETag goes into If-Match",
      request: { params: bundleParams },
      responses: { 200: json(anyObject, "{name, references, description?, warm?, rev}") },
      refusals: [400, 404, 409, 503],
    },
    (c) => answerOne(c, deps),
  );
  addRoute(
    app,
    settings,
    {
      ...one,
      method: "put",
      scope: "admin",
      summary: "Make a bundle, or replace it as a whole",
      request: {
        params: bundleParams,
        headers: z.object({
          "if-match": ifMatch,
          "if-none-match": z
            .string()
            .optional()
            .openapi({ description: "`*`: only where there is none." }),
        }),
        body: jsonBody(bundleDraftSchema, "What it names.", { example: EXAMPLE }),
      },
      responses: {
        200: json(anyObject, "The bundle as it now is."),
        201: json(anyObject, "The new bundle."),
      },
      refusals: [400, 409, 412, 422, 503],
    },
    (c) => answerPut(c, deps),
  );
  addRoute(
    app,
    settings,
    {
      ...one,
      method: "delete",
      scope: "admin",
      summary: "Delete a bundle; its models stay",
      request: { params: bundleParams, headers: z.object({ "if-match": ifMatch }) },
      responses: { 204: { description: "Deleted." } },
      refusals: [400, 404, 412, 503],
    },
    (c) => answerDelete(c, deps),
  );
}

async function answerList(c: AppContext, deps: HttpDeps): Promise<Response> {
  const limit = readLimit(c.req.query("limit"), { fallback: 50, max: 200 });
  if (!limit.ok) return refuseRegistry(c, limit.failure);
  const after = readCursor(c.req.query("cursor"));
  if (!after.ok) return refuseRegistry(c, after.failure);
  const page = await listBundles(deps.store, { after: after.value, limit: limit.value });
  if (!page.ok) return refuseRegistry(c, page.failure);
  const { items, nextAfter } = page.value;
  return c.json({
    items,
    ...(nextAfter === undefined ? {} : { next_cursor: writeCursor(nextAfter) }),
  });
}

async function answerOne(c: AppContext, deps: HttpDeps): Promise<Response> {
  const name = bundleNameOf(c);
  if (!name.ok) return refuseRegistry(c, name.failure);
  const read = await readBundle(deps.store, name.value);
  if (!read.ok) return refuseRegistry(c, bundleFailure(name.value, read.failure));
  c.header("etag", read.value.etag);
  return c.json(read.value.value);
}

async function answerPut(c: AppContext, deps: HttpDeps): Promise<Response> {
  const name = bundleNameOf(c);
  if (!name.ok) return refuseRegistry(c, name.failure);
  const condition = conditionOf(c);
  if (condition === undefined) return refuseRegistry(c, BOTH_CONDITIONS);
  const body = await readJsonBody(c, bundleDraftSchema);
  if (!body.ok) return refuse(c, body.failure);
  const { name: told, rev: _read, ...draft } = body.value;
  if (told !== undefined && told !== name.value) {
    const detail = `body.name: it says '${told}', the path '${name.value}'`;
    return refuseRegistry(c, { reason: "invalid_request", detail });
  }
  const mover = await auditAction(c, deps, {
    action: "put_bundle",
    target: name.value,
    params: { ...draft, if: condition },
  });
  if (!mover.ok) return refuseRegistry(c, mover.failure);
  const put = await putBundle(deps, name.value, draft, condition);
  if (!put.ok) return refuseRegistry(c, put.failure);
  const { bundle, etag, created } = put.value;
  deps.bundles.set(name.value, { bundle, etag, triedAtMs: deps.clock.now() });
  c.header("etag", etag);
  return c.json(bundle, created ? 201 : 200);
}

async function answerDelete(c: AppContext, deps: HttpDeps): Promise<Response> {
  const name = bundleNameOf(c);
  if (!name.ok) return refuseRegistry(c, name.failure);
  const target = name.value;
  const mover = await auditAction(c, deps, {
    action: "delete_bundle",
    target,
    reason: c.req.query("reason"),
  });
  if (!mover.ok) return refuseRegistry(c, mover.failure);
  const deleted = await deleteBundle(deps.store, target, strong(c.req.header("if-match")));
  if (!deleted.ok) return refuseRegistry(c, deleted.failure);
  deps.bundles.forget(target);
  return c.body(null, 204);
}

const BOTH_CONDITIONS: RegistryFailure = {
  reason: "invalid_request",
  detail: "send If-Match with an ETag or *, or If-None-Match: *, not both, and no list of ETags",
};

/** What the headers ask to hold; `undefined` for what no bundle could fulfil. */
function conditionOf(c: AppContext): PutCondition | undefined {
  const match = strong(c.req.header("if-match"));
  const noneMatch = c.req.header("if-none-match");
  if (noneMatch !== undefined) {
    return noneMatch === "*" && match === undefined ? "absent" : undefined;
  }
  if (match === undefined) return "any";
  return match === "*" ? "present" : { etag: match };
}

// A proxy that compresses answers makes their ETag weak (RFC 9110, section 8.8.3.3).
const strong = (etag: string | undefined): string | undefined => etag?.replace(/^W\//, "");
