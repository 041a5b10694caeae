import { type OpenAPIHono, z } from "@hono/zod-openapi";
import { bundleFailure, readBundle } from "../../core/lifecycle/bundle/read-bundle.ts";
import { refreshBundle } from "../../core/lifecycle/bundle/refresh-bundle.ts";
import { raiseEpoch } from "../../core/lifecycle/freshness/announce.ts";
import { forgetPredictions, obeyOrder } from "../../core/lifecycle/freshness/obey-order.ts";
import { readModelStatus, readModelTier } from "../../core/lifecycle/freshness/read-status.ts";
import { refreshNow } from "../../core/lifecycle/freshness/refresh-now.ts";
import type { Order } from "../../core/lifecycle/freshness/shared-keys.ts";
import { isModelName } from "../../core/model/reference.ts";
import { ok } from "../../core/model/result.ts";
import type { SharedCacheFailure } from "../../core/ports/shared-cache.ts";
import { addRoute } from "../add-route.ts";
import type { AppContext, AppEnv } from "../app-env.ts";
import type { HttpDeps } from "../deps.ts";
import { flightContext } from "../flight-context.ts";
import { json } from "../openapi/schemas.ts";
import { refuse, refuseRegistry, refuseServe } from "../refuse.ts";
import { auditAction } from "../registry/audit-action.ts";
import { findModel } from "../registry/find-model.ts";
import { readJsonBody } from "../registry/read-json-body.ts";
import { anyObject } from "../registry/schemas.ts";

const clearSchema = z
  .object({
    /** `all`: sessions and predictions; `predictions`: those only. */
    what: z.enum(["all", "predictions"]).default("all"),
    /** Left out: every model. */
    model: z.string().refine(isModelName, "not a model name").optional(),
  })
  .strict()
  .openapi("CacheClear", { example: { what: "predictions", model: "iris-logreg" } });

/** What the caches hold, and ways to empty and renew them. */
export function addCacheRoutes(app: OpenAPIHono<AppEnv>, deps: HttpDeps): void {
  const { settings } = deps;
  addRoute(
    app,
    settings,
    {
      method: "get",
      scope: "read",
      tag: "cache",
      path: "/v1/cache/status",
      summary: "What each tier holds, and how fresh each model is, in the isolate that answers",
      responses: {
        200: json(anyObject, "{isolate, bytes, redis, premium, models, epoch, settings}"),
      },
    },
    (c) => answerStatus(c, deps),
  );
  addRoute(
    app,
    settings,
    {
      method: "post",
      scope: "admin",
      tag: "cache",
      path: "/v1/cache/clear",
      summary: "Forget sessions and predictions, here now and elsewhere at the next check",
      request: { body: json(clearSchema, "What, of which model.") },
      responses: { 200: json(anyObject, "{what, model?, epoch, reach, detail}") },
      refusals: [400, 503],
    },
    (c) => answerClear(c, deps),
  );
  addRoute(
    app,
    settings,
    {
      method: "post",
      scope: "admin",
      tag: "cache",
      path: "/v1/cache/refresh/{name}",
      summary: "Ask the store about a model, or each model of a bundle, now",
      request: { params: z.object({ name: z.string().openapi({ example: "iris-logreg" }) }) },
      responses: {
        200: json(anyObject, "{results: [{model, from, to, changed, reason?}], epoch}"),
      },
      refusals: [400, 404, 409, 503],
    },
    (c) => answerRefresh(c, deps),
  );
}

function answerStatus(c: AppContext, deps: HttpDeps): Response {
  const { serve, feed, tiers, settings, records } = deps;
  return c.json({
    isolate: { models: readModelTier(serve), predictions: tiers.predictions() },
    bytes: tiers.bytes(),
    redis: tiers.redis(),
    premium: tiers.premium(),
    records: records?.recorder.stats() ?? null,
    models: readModelStatus(serve),
    epoch: feed?.epoch ?? null,
    settings: settings.switches,
  });
}

async function answerClear(c: AppContext, deps: HttpDeps): Promise<Response> {
  const body = await readJsonBody(c, clearSchema);
  if (!body.ok) return refuse(c, body.failure);
  const { what, model } = body.value;
  const known = model === undefined ? ok(undefined) : await findModel(deps, model);
  if (!known.ok) return refuseRegistry(c, known.failure);
  const params = { what };
  const audited = { action: "clear_cache", params, ...(model === undefined ? {} : { model }) };
  const mover = await auditAction(c, deps, audited);
  if (!mover.ok) return refuseRegistry(c, mover.failure);
  const order = { what, ...(model === undefined ? {} : { model }) };
  obeyOrder(deps.serve, order);
  const told = await tellOthers(deps, order);
  // Where it was not raised, Redis goes on holding what this isolate is not to answer any more.
  deps.serve.predictions?.distrustRedis(model);
  // Until the epoch was raised, a request may have taken an old answer back from Redis.
  forgetPredictions(deps.serve.predictions, model);
  return c.json({ ...order, ...told });
}

async function answerRefresh(c: AppContext, deps: HttpDeps): Promise<Response> {
  const name = c.req.param("name") ?? "";
  if (!isModelName(name)) {
    return refuse(c, {
      status: 400,
      code: "bad_reference",
      detail: "it is no model's or bundle's name",
    });
  }
  const mover = await auditAction(c, deps, { action: "refresh_cache", model: name });
  if (!mover.ok) return refuseRegistry(c, mover.failure);
  const context = flightContext(c, deps.clock);
  const refreshed = await refreshNow(deps.serve, context, name);
  if (refreshed.ok) {
    const told = await tellOthers(deps, { what: "refresh", model: name });
    return c.json({ results: [refreshed.value], ...told });
  }
  if (refreshed.failure.reason !== "model_not_found") return refuseServe(c, refreshed.failure);
  const read = await readBundle(deps.store, name);
  if (read.ok) {
    const results = await refreshBundle(deps.serve, context, read.value.value);
    // Of several orders isolates could read only the last: one for every model is right, too.
    return c.json({ results, ...(await tellOthers(deps, { what: "refresh" })) });
  }
  return read.failure.reason === "absent"
    ? refuseServe(c, refreshed.failure)
    : refuseRegistry(c, bundleFailure(name, read.failure));
}

const WHY_NOT: Readonly<Record<SharedCacheFailure["reason"], string>> = {
  unreachable: "Redis did not answer in time",
  denied: "Redis did not accept UPSTASH_REDIS_REST_TOKEN",
  refused: "Redis answered and refused to take the order",
  paused: "Redis has given no answer several times in a row and was not asked",
};

/** Other isolates cannot be reached: they do as ordered at their next check, and the answer says so. */
async function tellOthers(deps: HttpDeps, order: Pick<Order, "what" | "model">) {
  if (deps.sharedCache === undefined) {
    return {
      epoch: null,
      reach: "isolate",
      detail: "done in the isolate that answered; without Redis no other one can be told",
    };
  }
  const raised = await raiseEpoch(deps.sharedCache, order);
  if (raised.ok) {
    deps.feed?.hasObeyed(raised.value);
    return {
      epoch: raised.value,
      reach: "fleet",
      detail:
        "done in the isolate that answered; every other one does it at its next check (REVALIDATE_MS)",
    };
  }
  return {
    epoch: null,
    reach: "isolate",
    detail: `done in the isolate that answered; ${WHY_NOT[raised.failure.reason]}, so the others may not have been told`,
  };
}
