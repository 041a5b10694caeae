import type { OpenAPIHono } from "@hono/zod-openapi";
import { noticeMove } from "../../../core/lifecycle/notice-move.ts";
import { rollBack } from "../../../core/lifecycle/pointer/roll-back.ts";
import {
  type AliasMoved,
  promote,
  removeAlias,
  setAlias,
} from "../../../core/lifecycle/pointer/set-alias.ts";
import type { RegistryFailure } from "../../../core/lifecycle/registry-failure.ts";
import { currentDeployment } from "../../../core/lifecycle/versions/describe-version.ts";
import { isAlias, PRODUCTION, parseReference } from "../../../core/model/reference.ts";
import { fail, ok, type Result } from "../../../core/model/result.ts";
import { addRoute } from "../../add-route.ts";
import type { AppContext, AppEnv } from "../../app-env.ts";
import type { HttpDeps } from "../../deps.ts";
import { flightContext } from "../../flight-context.ts";
import { json, modelParams } from "../../openapi/schemas.ts";
import { refuse, refuseRegistry } from "../../refuse.ts";
import { auditAction } from "../../registry/audit-action.ts";
import { readJsonBody } from "../../registry/read-json-body.ts";
import {
  aliasParams,
  anyObject,
  jsonBody,
  promoteSchema,
  rollBackSchema,
  setAliasSchema,
} from "../../registry/schemas.ts";

const PATH = "/v1/models/{model}";

const SET_EXAMPLE = { version: "2", reason: "better on the hold-out" };

/** Where aliases point: list, set, remove, promote, roll back. */
export function addAliasRoutes(app: OpenAPIHono<AppEnv>, deps: HttpDeps): void {
  const { settings } = deps;
  const moved = { 200: json(anyObject, "{alias, route, rev}") };
  const write = { scope: "admin", tag: "registry", refusals: [400, 404, 409, 410, 503] } as const;
  addRoute(
    app,
    settings,
    {
      method: "get",
      scope: "read",
      tag: "registry",
      path: `${PATH}/aliases`,
      summary: "Where each alias points",
      request: { params: modelParams },
      responses: { 200: json(anyObject, "{rev, aliases}") },
      refusals: [400, 404, 503],
    },
    (c) => answerAliases(c, deps),
  );
  addRoute(
    app,
    settings,
    {
      ...write,
      method: "put",
      path: `${PATH}/aliases/{alias}`,
      summary: "Point an alias at a version, or split it by weight",
      request: {
        params: aliasParams,
        body: jsonBody(setAliasSchema, "Where to.", { example: SET_EXAMPLE }),
      },
      responses: moved,
    },
    (c) => answerSet(c, deps),
  );
  addRoute(
    app,
    settings,
    {
      ...write,
      method: "delete",
      path: `${PATH}/aliases/{alias}`,
      summary: "Take an alias away",
      request: { params: aliasParams },
      responses: moved,
    },
    (c) => answerRemove(c, deps),
  );
  addRoute(
    app,
    settings,
    {
      ...write,
      method: "post",
      path: `${PATH}/promote`,
      summary: "Point one alias at what another points at",
      request: { params: modelParams, body: json(promoteSchema, "From where to where.") },
      responses: moved,
    },
    (c) => answerPromote(c, deps),
  );
  addRoute(
    app,
    settings,
    {
      ...write,
      method: "post",
      path: `${PATH}/rollback`,
      summary: "Point an alias back at what it held before, or at a named version",
      request: { params: modelParams, body: json(rollBackSchema, "Which alias.") },
      responses: moved,
    },
    (c) => answerRollBack(c, deps),
  );
}

async function answerAliases(c: AppContext, deps: HttpDeps): Promise<Response> {
  const reference = parseReference(c.req.param("model") ?? "");
  if (!reference.ok) return refuseRegistry(c, reference.failure);
  const deployment = await currentDeployment(deps.store, reference.value.model);
  if (!deployment.ok) return refuseRegistry(c, deployment.failure);
  const { rev, aliases } = deployment.value;
  return c.json({ rev, aliases });
}

async function answerSet(c: AppContext, deps: HttpDeps): Promise<Response> {
  const target = targetOf(c);
  if (!target.ok) return refuseRegistry(c, target.failure);
  const body = await readJsonBody(c, setAliasSchema);
  if (!body.ok) return refuse(c, body.failure);
  const { reason, force } = body.value;
  const route =
    "version" in body.value ? { weights: { [body.value.version]: 100 } } : routeOfBody(body.value);
  const { model, alias } = target.value;
  const params = { ...route, force };
  const act = { action: "set_alias", model, target: alias, params, reason };
  const mover = await auditAction(c, deps, act);
  if (!mover.ok) return refuseRegistry(c, mover.failure);
  const moved = await setAlias(deps.registry, model, { alias, route, force }, mover.value);
  return answerMoved(c, deps, model, moved);
}

const routeOfBody = ({
  weights,
  shadow,
}: {
  readonly weights: Record<string, number>;
  readonly shadow?: string | undefined;
}) => ({ weights, ...(shadow === undefined ? {} : { shadow }) });

async function answerRemove(c: AppContext, deps: HttpDeps): Promise<Response> {
  const target = targetOf(c);
  if (!target.ok) return refuseRegistry(c, target.failure);
  const { model, alias } = target.value;
  if (alias === PRODUCTION) {
    return refuse(c, {
      status: 409,
      code: "version_in_use",
      detail: "'production' is what a bare model name means: point it elsewhere instead",
    });
  }
  const reason = c.req.query("reason");
  const mover = await auditAction(c, deps, {
    action: "remove_alias",
    model,
    target: alias,
    reason,
  });
  if (!mover.ok) return refuseRegistry(c, mover.failure);
  return answerMoved(c, deps, model, await removeAlias(deps.registry, model, alias, mover.value));
}

async function answerPromote(c: AppContext, deps: HttpDeps): Promise<Response> {
  const reference = parseReference(c.req.param("model") ?? "");
  if (!reference.ok) return refuseRegistry(c, reference.failure);
  const body = await readJsonBody(c, promoteSchema);
  if (!body.ok) return refuse(c, body.failure);
  const { model } = reference.value;
  const { reason, ...params } = body.value;
  const act = { action: "promote", model, target: params.to, params, reason };
  const mover = await auditAction(c, deps, act);
  if (!mover.ok) return refuseRegistry(c, mover.failure);
  return answerMoved(c, deps, model, await promote(deps.registry, model, params, mover.value));
}

async function answerRollBack(c: AppContext, deps: HttpDeps): Promise<Response> {
  const reference = parseReference(c.req.param("model") ?? "");
  if (!reference.ok) return refuseRegistry(c, reference.failure);
  const body = await readJsonBody(c, rollBackSchema);
  if (!body.ok) return refuse(c, body.failure);
  const { model } = reference.value;
  const { reason, ...params } = body.value;
  const act = { action: "rollback", model, target: params.alias, params, reason };
  const mover = await auditAction(c, deps, act);
  if (!mover.ok) return refuseRegistry(c, mover.failure);
  return answerMoved(c, deps, model, await rollBack(deps.registry, model, params, mover.value));
}

function targetOf(
  c: AppContext,
): Result<{ readonly model: string; readonly alias: string }, RegistryFailure> {
  const reference = parseReference(c.req.param("model") ?? "");
  if (!reference.ok) return reference;
  const alias = c.req.param("alias") ?? "";
  if (isAlias(alias)) return ok({ model: reference.value.model, alias });
  return fail({
    reason: "bad_reference",
    detail: "an alias is a lower-case letter, then up to 31 of a-z, 0-9, '_', '-'",
  });
}

function answerMoved(
  c: AppContext,
  deps: HttpDeps,
  model: string,
  moved: Result<AliasMoved, RegistryFailure>,
): Response {
  if (!moved.ok) return refuseRegistry(c, moved.failure);
  noticeMove(deps.serve, flightContext(c, deps.clock), model);
  return c.json(moved.value);
}
