import type { OpenAPIHono } from "@hono/zod-openapi";
import { noticeMove } from "../../../core/lifecycle/notice-move.ts";
import { currentDeployment } from "../../../core/lifecycle/pointer/current-deployment.ts";
import type { Mover } from "../../../core/lifecycle/pointer/move-pointer.ts";
import { rollBack } from "../../../core/lifecycle/pointer/roll-back.ts";
import {
  type AliasMoved,
  promote,
  removeAlias,
  setAlias,
} from "../../../core/lifecycle/pointer/set-alias.ts";
import type { DocumentSchema } from "../../../core/lifecycle/read-document.ts";
import type { RegistryFailure } from "../../../core/lifecycle/registry-failure.ts";
import { isAlias, PRODUCTION, parseReference } from "../../../core/model/reference.ts";
import { fail, ok, type Result } from "../../../core/model/result.ts";
import { addRoute } from "../../add-route.ts";
import type { AppContext, AppEnv } from "../../app-env.ts";
import type { HttpDeps } from "../../deps.ts";
import { flightContext } from "../../flight-context.ts";
import { json, modelParams } from "../../openapi/schemas.ts";
import { refuse, refuseRegistry } from "../../refuse.ts";
import { type AuditedAction, auditAction } from "../../registry/audit-action.ts";
import { readJsonBody } from "../../registry/read-json-body.ts";
import {
  aliasParams,
  anyObject,
  jsonBody,
  promoteSchema,
  rollBackSchema,
  setAliasSchema,
  writeHeaders,
} from "../../registry/schemas.ts";

const PATH = "/v1/models/{model}";

const SET_EXAMPLE = { version: "2", reason: "better on the hold-out" };

/** Where aliases point: list, set, remove, promote, roll back. */
export function addAliasRoutes(app: OpenAPIHono<AppEnv>, deps: HttpDeps): void {
  const { settings } = deps;
  const moved = { 200: json(anyObject, "{alias, route, rev}") };
  const write = {
    scope: "admin",
    tag: "registry",
    refusals: [400, 404, 409, 410, 422, 503],
  } as const;
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
      refusals: [400, 404, 409, 503],
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
        headers: writeHeaders,
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
      request: { params: aliasParams, headers: writeHeaders },
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
      request: {
        params: modelParams,
        headers: writeHeaders,
        body: json(promoteSchema, "From where to where."),
      },
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
      request: {
        params: modelParams,
        headers: writeHeaders,
        body: json(rollBackSchema, "Which alias."),
      },
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
  const { rev, aliases } = deployment.value.value;
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
  return answerMove(c, deps, act, (mover) =>
    setAlias(deps.registry, model, { alias, route, force }, mover),
  );
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
  const act = { action: "remove_alias", model, target: alias, reason: c.req.query("reason") };
  return answerMove(c, deps, act, (mover) => removeAlias(deps.registry, model, alias, mover));
}

async function answerPromote(c: AppContext, deps: HttpDeps): Promise<Response> {
  const asked = await readAsked(c, promoteSchema);
  if (asked instanceof Response) return asked;
  const { model, params, reason } = asked;
  const act = { action: "promote", model, target: params.to, params, reason };
  return answerMove(c, deps, act, (mover) => promote(deps.registry, model, params, mover));
}

async function answerRollBack(c: AppContext, deps: HttpDeps): Promise<Response> {
  const asked = await readAsked(c, rollBackSchema);
  if (asked instanceof Response) return asked;
  const { model, params, reason } = asked;
  const act = { action: "rollback", model, target: params.alias, params, reason };
  return answerMove(c, deps, act, (mover) => rollBack(deps.registry, model, params, mover));
}

interface Asked<T> {
  readonly model: string;
  readonly params: Omit<T, "reason">;
  readonly reason: string | undefined;
}

/** The model of the path and what the body asks of it, or the refusal, answered. */
async function readAsked<T extends { readonly reason?: string | undefined }>(
  c: AppContext,
  schema: DocumentSchema<T>,
): Promise<Asked<T> | Response> {
  const reference = parseReference(c.req.param("model") ?? "");
  if (!reference.ok) return refuseRegistry(c, reference.failure);
  const body = await readJsonBody(c, schema);
  if (!body.ok) return refuse(c, body.failure);
  const { reason, ...params } = body.value;
  return { model: reference.value.model, params, reason };
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

/** Audits a move, makes it, tells the isolate, and answers where the alias points now. */
async function answerMove(
  c: AppContext,
  deps: HttpDeps,
  act: AuditedAction & { readonly model: string },
  move: (mover: Mover) => Promise<Result<AliasMoved, RegistryFailure>>,
): Promise<Response> {
  const mover = await auditAction(c, deps, act);
  if (!mover.ok) return refuseRegistry(c, mover.failure);
  const moved = await move(mover.value);
  if (!moved.ok) return refuseRegistry(c, moved.failure);
  noticeMove(deps.serve, flightContext(c, deps.clock), act.model);
  return c.json(moved.value);
}
