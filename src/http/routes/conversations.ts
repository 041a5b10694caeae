import type { OpenAPIHono } from "@hono/zod-openapi";
import { z } from "@hono/zod-openapi";
import { monotonicFactory } from "ulid";
import { EVENT_WORD, eventDraftSchema, isEventWord } from "../../core/model/conversation-event.ts";
import { ID_ALPHABET } from "../../core/model/entity.ts";
import { fail, ok, type Result } from "../../core/model/result.ts";
import type { ConversationStore, EventQuery } from "../../core/ports/conversation-store.ts";
import {
  type AppendFailure,
  appendEvents,
} from "../../core/quality/conversations/append-events.ts";
import { readEvents } from "../../core/quality/conversations/read-events.ts";
import { addRoute } from "../add-route.ts";
import type { AppContext, AppEnv } from "../app-env.ts";
import { readAppended } from "../conversations/read-appended.ts";
import type { HttpDeps } from "../deps.ts";
import { ownIdOf } from "../entities/entity-path.ts";
import { json } from "../openapi/schemas.ts";
import type { Refusal } from "../problem.ts";
import { redisRequired, refuseRedis } from "../redis-refusal.ts";
import { refuse, refuseRegistry } from "../refuse.ts";
import { readLimit, readNumberCursor, writeCursor } from "../registry/cursor.ts";
import { readIdempotencyKey } from "../registry/idempotency-key.ts";
import { anyObject, jsonBody, pageQuery, writeHeaders } from "../registry/schemas.ts";

const PATH = "/v1/conversations/{id}/events";
const TAG = "conversations";

const EXAMPLE = {
  category: "recommendation",
  resource: "loan",
  scene: "checkout",
  payload: { label: "approve", score: 0.93 },
  _model: "credit",
  _strategy: "fast",
  _version: "3",
};

const params = z.object({
  id: z.string().openapi({ description: `The caller's own id: ${ID_ALPHABET}.`, example: "c-1" }),
});

const word = (what: string) => z.string().optional().openapi({ description: what });

/** What happened in a conversation: appended, never changed, read back in its order. */
export function addConversationRoutes(app: OpenAPIHono<AppEnv>, deps: HttpDeps): void {
  addRoute(
    app,
    deps.settings,
    {
      method: "post",
      path: PATH,
      scope: "outcomes",
      tag: TAG,
      summary: "Append events to a conversation, all or none",
      request: {
        params,
        headers: writeHeaders,
        body: jsonBody(eventDraftSchema, "One event, an array of them, or a line each as NDJSON.", {
          example: EXAMPLE,
        }),
      },
      responses: {
        200: json(anyObject, "They were appended before, by the same Idempotency-Key."),
        201: json(anyObject, "{conversation, events: [{id, at}], total}"),
      },
      refusals: [400, 409, 413, 415, 422, 503],
    },
    withConversations(deps, (c, store) => answerAppend(c, deps, store)),
  );
  addRoute(
    app,
    deps.settings,
    {
      method: "get",
      path: PATH,
      scope: "read",
      tag: TAG,
      summary: "Events of a conversation in their order, or the latest valid ones",
      request: {
        params,
        query: pageQuery.extend({
          category: word("Only of it."),
          resource: word("Only of it."),
          scene: word("Only of it."),
          latest: z.enum(["true", "false"]).optional().openapi({
            description: "Only the last valid one of each category and resource, newest first.",
          }),
        }),
      },
      responses: { 200: json(anyObject, "{conversation, items, total, next_cursor?}") },
      refusals: [400, 503],
    },
    withConversations(deps, (c, store) => answerRead(c, deps, store)),
  );
}

const withConversations =
  (
    { conversations }: Pick<HttpDeps, "conversations">,
    handler: (c: AppContext, store: ConversationStore) => Promise<Response>,
  ) =>
  (c: AppContext): Response | Promise<Response> =>
    conversations === undefined
      ? refuse(c, redisRequired("conversations"))
      : handler(c, conversations);

async function answerAppend(
  c: AppContext,
  deps: HttpDeps,
  conversations: ConversationStore,
): Promise<Response> {
  const id = ownIdOf(c, "a conversation");
  if (!id.ok) return refuse(c, id.failure);
  const drafts = await readAppended(c);
  if (!drafts.ok) return refuse(c, drafts.failure);
  const key = await readIdempotencyKey(c, deps.digest, [id.value, drafts.value]);
  if (!key.ok) return refuseRegistry(c, key.failure);
  const { clock, settings } = deps;
  const { conversationKeepMs: keepMs } = settings;
  // Of one append, each is later than the one before it.
  const appending = { conversations, clock, keepMs, newUlid: monotonicFactory() };
  const appended = await appendEvents(appending, id.value, drafts.value, key.value);
  if (!appended.ok) return refuseAppend(c, deps, appended.failure);
  const { events, total, isRepeated } = appended.value;
  const told = events.map((event) => ({ id: event.id, at: event.at }));
  return c.json({ conversation: id.value, events: told, total }, isRepeated ? 200 : 201);
}

function refuseAppend(c: AppContext, deps: HttpDeps, failure: AppendFailure): Response {
  const { reason: code, detail } = failure;
  switch (code) {
    case "conversation_full":
      return refuse(c, { status: 409, code, detail });
    case "idempotency_key_reused":
      return refuse(c, { status: 422, code, detail });
    case "unreachable":
    case "denied":
    case "refused":
    case "paused":
      return refuseRedis(c, deps, { ...failure, reason: code });
  }
}

async function answerRead(
  c: AppContext,
  deps: HttpDeps,
  conversations: ConversationStore,
): Promise<Response> {
  const id = ownIdOf(c, "a conversation");
  if (!id.ok) return refuse(c, id.failure);
  const query = readQuery(c);
  if (!query.ok) return refuse(c, query.failure);
  const page = await readEvents({ conversations }, id.value, query.value);
  if (!page.ok) return refuseRedis(c, deps, page.failure);
  const { events, total, nextCursor } = page.value;
  return c.json({
    conversation: id.value,
    items: events,
    total,
    ...(nextCursor === undefined ? {} : { next_cursor: writeCursor(nextCursor) }),
  });
}

type QueryRead = Result<Omit<EventQuery, "maxBytes">, Refusal & { readonly reason: string }>;

function readQuery(c: AppContext): QueryRead {
  const limit = readLimit(c.req.query("limit"), { fallback: 100, max: 1_000 });
  if (!limit.ok) return wrong(limit.failure.detail);
  const cursor = readNumberCursor(c.req.query("cursor"));
  if (!cursor.ok) return wrong(cursor.failure.detail);
  const latest = c.req.query("latest") ?? "false";
  if (latest !== "true" && latest !== "false") return wrong("latest must be true or false");
  const { category, resource, scene } = c.req.query();
  for (const [name, given] of Object.entries({ category, resource, scene })) {
    if (given !== undefined && !isEventWord(given)) return wrong(`${name} ${EVENT_WORD}`);
  }
  return ok({
    category,
    resource,
    scene,
    latest: latest === "true",
    limit: limit.value,
    cursor: cursor.value,
  });
}

const wrong = (detail: string): QueryRead =>
  fail({ reason: "invalid_request", status: 400, code: "invalid_request", detail });
