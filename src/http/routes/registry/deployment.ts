import type { OpenAPIHono } from "@hono/zod-openapi";
import { z } from "@hono/zod-openapi";
import { noticeMove, orderRefresh } from "../../../core/lifecycle/notice-move.ts";
import { checkStrategies } from "../../../core/lifecycle/pointer/check-strategies.ts";
import { pointerFailure } from "../../../core/lifecycle/pointer/current-deployment.ts";
import { readHistory, routesAt } from "../../../core/lifecycle/pointer/read-history.ts";
import { replaceDeployment } from "../../../core/lifecycle/pointer/replace-deployment.ts";
import { readDeployment } from "../../../core/lifecycle/read-deployment.ts";
import type { Deployment, DeploymentSettings, Move } from "../../../core/model/deployment.ts";
import { parseReference } from "../../../core/model/reference.ts";
import { addRoute } from "../../add-route.ts";
import type { AppContext, AppEnv } from "../../app-env.ts";
import type { HttpDeps } from "../../deps.ts";
import { flightContext } from "../../flight-context.ts";
import { json, modelParams } from "../../openapi/schemas.ts";
import { registryRefusalOf } from "../../refusals.ts";
import { refuse, refuseRegistry } from "../../refuse.ts";
import { auditAction } from "../../registry/audit-action.ts";
import { readLimit, readNumberCursor, writeCursor } from "../../registry/cursor.ts";
import { givenSettings, SETTINGS, settingsOf } from "../../registry/deployment-settings.ts";
import { readJsonBody } from "../../registry/read-json-body.ts";
import {
  anyObject,
  jsonBody,
  pageQuery,
  replaceSchema,
  writeHeaders,
} from "../../registry/schemas.ts";

const PATH = "/v1/models/{model}";

const REPLACE_EXAMPLE = { aliases: { production: { weights: { "1": 90, "2": 10 } } } };

/** The pointer document as a whole, and the history of its moves. */
export function addDeploymentRoutes(app: OpenAPIHono<AppEnv>, deps: HttpDeps): void {
  const { settings } = deps;
  const read = { method: "get", scope: "read", tag: "registry" } as const;
  addRoute(
    app,
    settings,
    {
      ...read,
      path: `${PATH}/deployment`,
      summary: "The deployment document; its ETag goes into If-Match",
      request: { params: modelParams },
      responses: { 200: json(anyObject, "{model, rev, aliases, …}") },
      refusals: [400, 404, 409, 503],
    },
    (c) => answerDeployment(c, deps),
  );
  addRoute(
    app,
    settings,
    {
      method: "put",
      scope: "admin",
      tag: "registry",
      path: `${PATH}/deployment`,
      summary:
        "Replace all routes at once, or the settings that are given, each as a whole, if nobody else did meanwhile; what is left out stays, null takes a setting out",
      request: {
        params: modelParams,
        headers: writeHeaders.extend({
          "if-match": z.string().openapi({
            description: "The ETag of the document as it was read, or `*` for whatever is there.",
          }),
        }),
        body: jsonBody(replaceSchema, "The routes.", { example: REPLACE_EXAMPLE }),
      },
      responses: { 200: json(anyObject, "The deployment as it now is.") },
      refusals: [400, 404, 409, 410, 412, 422, 428, 503],
    },
    (c) => answerReplace(c, deps),
  );
  addRoute(
    app,
    settings,
    {
      ...read,
      path: `${PATH}/history`,
      summary: "Who moved what when and why, newest first; with `at`, what served then",
      request: {
        params: modelParams,
        query: pageQuery.extend({
          at: z
            .string()
            .optional()
            .openapi({ description: "A time, ISO 8601.", example: "2026-11-01T12:00:00Z" }),
        }),
      },
      responses: { 200: json(anyObject, "{items, next_cursor?}, or {at, aliases}") },
      refusals: [400, 404, 409, 503],
    },
    (c) => answerHistory(c, deps),
  );
}

async function answerDeployment(c: AppContext, deps: HttpDeps): Promise<Response> {
  const reference = parseReference(c.req.param("model") ?? "");
  if (!reference.ok) return refuseRegistry(c, reference.failure);
  const { model } = reference.value;
  const read = await readDeployment(deps.store, model);
  if (read.ok) {
    c.header("etag", read.value.etag);
    return c.json(documentOf(read.value.value));
  }
  const { failure } = read;
  // With it, a document that nobody can read may be replaced.
  const headers =
    failure.reason === "invalid_document" && failure.etag ? { etag: failure.etag } : {};
  return refuse(c, { ...registryRefusalOf(pointerFailure(model, failure)), headers });
}

/** What callers see: the move that made it is the history's to tell. */
const documentOf = ({
  last_move: _told,
  recent_keys: _own,
  digests: _pinned,
  ...document
}: Deployment) => document;

async function answerReplace(c: AppContext, deps: HttpDeps): Promise<Response> {
  const reference = parseReference(c.req.param("model") ?? "");
  if (!reference.ok) return refuseRegistry(c, reference.failure);
  const { model } = reference.value;
  // A proxy that compresses answers makes their ETag weak (RFC 9110, section 8.8.3.3).
  const etag = c.req.header("if-match")?.replace(/^W\//, "");
  if (etag === undefined) {
    return refuse(c, {
      status: 428,
      code: "precondition_required",
      detail:
        "send If-Match with the ETag of GET …/deployment, so that nobody's change is lost, or * for whatever is there",
    });
  }
  const body = await readJsonBody(c, replaceSchema);
  if (!body.ok) return refuse(c, body.failure);
  const { aliases, force, reason } = body.value;
  const given = givenSettings(body.value);
  if (aliases === undefined && Object.keys(given).length === 0) {
    return refuse(c, {
      status: 400,
      code: "invalid_request",
      detail: `give aliases, or settings to change: ${SETTINGS.join(", ")}`,
    });
  }
  const params = {
    ...(aliases === undefined ? {} : { aliases }),
    ...given,
    force,
    if_match: etag,
  };
  const settings = settingsOf(given);
  const mover = await auditAction(c, deps, { action: "replace_deployment", model, params, reason });
  if (!mover.ok) return refuseRegistry(c, mover.failure);
  const seen: { before?: Deployment } = {};
  const replacement = { aliases, force, settings, check: checkOf(deps, settings, seen) };
  const replaced = await replaceDeployment(deps.registry, model, etag, replacement, mover.value);
  if (!replaced.ok) return refuseRegistry(c, replaced.failure);
  const context = flightContext(c, deps.clock);
  noticeMove(deps.serve, context, model);
  if (changesChecks(settings, seen.before)) orderRefresh(deps.serve, context, model);
  return c.json(documentOf(replaced.value));
}

/** Strategies are looked at when they are given, or what keeps their answers is: no route waits for a remote's host to be allowed again. */
function checkOf(
  { store, serve, remote }: HttpDeps,
  settings: DeploymentSettings,
  seen: { before?: Deployment },
) {
  const isChecked = ["strategies", "cache", "policy"].some((name) => Object.hasOwn(settings, name));
  if (!isChecked) return undefined;
  const isKept = (deployment: Deployment) => serve.predictions?.policyOf(deployment) !== undefined;
  return (deployment: Deployment, before: Deployment) => {
    seen.before = before;
    return checkStrategies({ store, remote, isKept }, deployment);
  };
}

/** Who does not follow the pointer does not see that it is to. What a repetition had changed nobody knows. */
const changesChecks = (settings: DeploymentSettings, before: Deployment | undefined): boolean =>
  Object.hasOwn(settings, "policy") &&
  (before === undefined || settings.policy?.check_freshness !== before.policy?.check_freshness);

async function answerHistory(c: AppContext, deps: HttpDeps): Promise<Response> {
  const reference = parseReference(c.req.param("model") ?? "");
  if (!reference.ok) return refuseRegistry(c, reference.failure);
  const { model } = reference.value;
  const at = c.req.query("at");
  if (at !== undefined) return answerAt(c, deps, model, at);
  const limit = readLimit(c.req.query("limit"), { fallback: 20, max: 100 });
  if (!limit.ok) return refuseRegistry(c, limit.failure);
  const before = readNumberCursor(c.req.query("cursor"));
  if (!before.ok) return refuseRegistry(c, before.failure);
  const page = await readHistory(deps.store, model, { before: before.value, limit: limit.value });
  if (!page.ok) return refuseRegistry(c, page.failure);
  const { items, nextBefore } = page.value;
  return c.json({
    items: items.map(itemOf),
    ...(nextBefore === undefined ? {} : { next_cursor: writeCursor(nextBefore) }),
  });
}

const itemOf = ({ holds: _own, aliases: _then, ...move }: Move) => move;

async function answerAt(
  c: AppContext,
  deps: HttpDeps,
  model: string,
  at: string,
): Promise<Response> {
  const atMs = Date.parse(at);
  if (Number.isNaN(atMs)) {
    return refuse(c, {
      status: 400,
      code: "invalid_request",
      detail: "at must be a time in ISO 8601, such as 2026-11-01T12:00:00Z",
    });
  }
  const routes = await routesAt(deps.store, model, atMs);
  if (!routes.ok) return refuseRegistry(c, routes.failure);
  const weights = Object.entries(routes.value).map(([alias, route]) => [alias, route.weights]);
  return c.json({ at: new Date(atMs).toISOString(), aliases: Object.fromEntries(weights) });
}
