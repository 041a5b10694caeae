import type { OpenAPIHono } from "@hono/zod-openapi";
import { z } from "@hono/zod-openapi";
import {
  ENTITY_STATES,
  type EntityState,
  entityChangeSchema,
  isOwnId,
  MAX_READ_BYTES,
} from "../../core/model/entity.ts";
import { fail, ok, type Result } from "../../core/model/result.ts";
import type { EntityStore } from "../../core/ports/entity-store.ts";
import { deleteEntity } from "../../core/quality/entities/delete-entity.ts";
import { ENTITY_DEADLINE_MS } from "../../core/quality/entities/entity-failure.ts";
import { putEntities } from "../../core/quality/entities/put-entities.ts";
import { readEntity } from "../../core/quality/entities/read-entity.ts";
import { addRoute } from "../add-route.ts";
import type { AppContext, AppEnv } from "../app-env.ts";
import { parseExactJson } from "../body/parse-exact-json.ts";
import type { HttpDeps } from "../deps.ts";
import { etagOf, refuseEntity, writeEntity } from "../entities/entity-answers.ts";
import {
  conditionHeaders,
  entityOf,
  entityParams,
  entityTypeOf,
  guardedEntityOf,
  typeParams,
} from "../entities/entity-path.ts";
import { flightContext } from "../flight-context.ts";
import { json } from "../openapi/schemas.ts";
import { redisRequired, refuseRedis } from "../redis-refusal.ts";
import { refuse } from "../refuse.ts";
import { readCursor, readLimit, writeCursor } from "../registry/cursor.ts";
import { readJsonBody } from "../registry/read-json-body.ts";
import { anyObject, jsonBody, pageQuery } from "../registry/schemas.ts";

const PATH = "/v1/entities/{type}";
const ONE = `${PATH}/{id}`;
const TAG = "entities";

const EXAMPLE = { features: { home_strength: 1.2, away_strength: 0.9 }, state: "open" };
const SHAPE = "{type, id, state, features, outcome?, created_at, updated_at, rev}";
const PUT_SHAPE = `${SHAPE.slice(0, -1)}, predictions?: {settled, unchanged, conflicting, invalid, pending}}; \`predictions\` where it finishes one: those on it. What is pending the cron goes on with, and the same request again.`;
const MAX_DEPTH = 100;

/** Stored features and states of things in the world: one at a time. */
export function addEntityRoutes(app: OpenAPIHono<AppEnv>, deps: HttpDeps): void {
  const { settings } = deps;
  const read = { method: "get", scope: "read", tag: TAG } as const;
  const write = { scope: "outcomes", tag: TAG, path: ONE } as const;
  addRoute(
    app,
    settings,
    {
      ...read,
      path: PATH,
      summary: "Entities of a type by id",
      request: {
        params: typeParams,
        query: pageQuery.extend({
          state: z.enum(ENTITY_STATES).optional().openapi({ description: "Only these." }),
        }),
      },
      responses: { 200: json(anyObject, "{items, next_cursor?}") },
      refusals: [400, 503],
    },
    withEntities(deps, (c, store) => answerList(c, deps, store)),
  );
  addRoute(
    app,
    settings,
    {
      ...read,
      path: ONE,
      summary: "An entity; its ETag goes into If-Match",
      request: { params: entityParams },
      responses: { 200: json(anyObject, SHAPE) },
      refusals: [400, 404, 503],
    },
    withEntities(deps, (c, store) => answerOne(c, deps, store)),
  );
  addRoute(
    app,
    settings,
    {
      ...write,
      method: "put",
      summary: "Make an entity, change its features, or finish it with its outcome",
      request: {
        params: entityParams,
        headers: conditionHeaders,
        body: jsonBody(entityChangeSchema, "What to change; the rest stays.", { example: EXAMPLE }),
      },
      responses: { 200: json(anyObject, PUT_SHAPE), 201: json(anyObject, "The new entity.") },
      refusals: [400, 409, 412, 413, 415, 503],
    },
    withEntities(deps, (c, store) => answerPut(c, deps, store)),
  );
  addRoute(
    app,
    settings,
    {
      ...write,
      method: "delete",
      summary: "Delete an entity",
      request: { params: entityParams, headers: conditionHeaders.pick({ "if-match": true }) },
      responses: { 204: { description: "Deleted." } },
      refusals: [400, 404, 409, 412, 503],
    },
    withEntities(deps, (c, store) => answerDelete(c, deps, store)),
  );
}

/** Hands a handler the store, or refuses where there is no Redis. */
export const withEntities =
  (
    { entities }: Pick<HttpDeps, "entities">,
    handler: (c: AppContext, store: EntityStore) => Promise<Response>,
  ) =>
  (c: AppContext): Response | Promise<Response> =>
    entities === undefined ? refuse(c, redisRequired("entities")) : handler(c, entities);

async function answerList(c: AppContext, deps: HttpDeps, store: EntityStore): Promise<Response> {
  const type = entityTypeOf(c);
  if (!type.ok) return refuse(c, type.failure);
  const page = readPage(c);
  if (!page.ok)
    return refuse(c, { status: 400, code: "invalid_request", detail: page.failure.detail });
  const asked = { ...page.value, maxBytes: MAX_READ_BYTES };
  const listed = await store.list(type.value, asked, ENTITY_DEADLINE_MS);
  if (!listed.ok) return refuseRedis(c, deps, listed.failure);
  const { entities, nextAfter } = listed.value;
  return c.json({
    items: entities.map(writeEntity),
    ...(nextAfter === undefined ? {} : { next_cursor: writeCursor(nextAfter) }),
  });
}

function readPage(c: AppContext): Result<
  {
    readonly state: EntityState | undefined;
    readonly limit: number;
    readonly after: string | undefined;
  },
  { readonly reason: "invalid_request"; readonly detail: string }
> {
  const limit = readLimit(c.req.query("limit"), { fallback: 50, max: 100 });
  if (!limit.ok) return limit;
  const after = readCursor(c.req.query("cursor"));
  if (!after.ok) return after;
  const state = c.req.query("state");
  const found = ENTITY_STATES.find((one) => one === state);
  const wrong = (detail: string) => fail({ reason: "invalid_request", detail });
  if (state !== undefined && found === undefined) return wrong("state must be open or finished");
  if (after.value !== undefined && !isOwnId(after.value)) {
    return wrong("cursor is not one of this list's: pass next_cursor back as it came");
  }
  return ok({ state: found, limit: limit.value, after: after.value });
}

async function answerOne(c: AppContext, deps: HttpDeps, entities: EntityStore): Promise<Response> {
  const named = entityOf(c);
  if (!named.ok) return refuse(c, named.failure);
  const read = await readEntity({ entities }, named.value.type, named.value.id);
  if (!read.ok) return refuseEntity(c, deps, read.failure);
  c.header("etag", etagOf(read.value));
  return c.json(writeEntity(read.value));
}

async function answerPut(c: AppContext, deps: HttpDeps, entities: EntityStore): Promise<Response> {
  const named = guardedEntityOf(c);
  if (!named.ok) return refuse(c, named.failure);
  const change = await readJsonBody(c, entityChangeSchema, (bytes) =>
    parseExactJson(bytes, { maxDepth: MAX_DEPTH, what: "body" }),
  );
  if (!change.ok) return refuse(c, change.failure);
  const { type, id, condition } = named.value;
  const put = { id, change: change.value, condition };
  const { clock, onEntityFinished: onFinished } = deps;
  // What was predicted here a moment ago is recorded first, and counted among those that it settles.
  if (onFinished !== undefined && put.change.state === "finished") {
    await deps.records?.recorder.settle(flightContext(c, clock), { type, id });
  }
  const done = await putEntities({ entities, clock, onFinished }, type, [put]);
  if (!done.ok) return refuseRedis(c, deps, done.failure);
  const [outcome] = done.value;
  if (outcome === undefined) throw new Error("one put has one outcome");
  if (!outcome.ok) return refuseEntity(c, deps, outcome.failure);
  const { entity, created, predictions } = outcome.value;
  c.header("etag", etagOf(entity));
  const told = predictions === undefined ? {} : { predictions };
  return c.json({ ...writeEntity(entity), ...told }, created ? 201 : 200);
}

async function answerDelete(
  c: AppContext,
  deps: HttpDeps,
  entities: EntityStore,
): Promise<Response> {
  const named = guardedEntityOf(c);
  if (!named.ok) return refuse(c, named.failure);
  const { type, id, condition } = named.value;
  const deleted = await deleteEntity({ entities }, type, id, condition);
  return deleted.ok ? c.body(null, 204) : refuseEntity(c, deps, deleted.failure);
}
