import type { OpenAPIHono } from "@hono/zod-openapi";
import { z } from "@hono/zod-openapi";
import { noticeMove } from "../../../core/lifecycle/notice-move.ts";
import {
  abortUpload,
  beginUpload,
  completeUpload,
  MAX_PART_BYTES,
  MIN_PART_BYTES,
} from "../../../core/lifecycle/publish/uploads.ts";
import { draftSchema } from "../../../core/model/manifest-draft.ts";
import { isAlias, parseReference } from "../../../core/model/reference.ts";
import { addRoute } from "../../add-route.ts";
import type { AppContext, AppEnv } from "../../app-env.ts";
import type { HttpDeps } from "../../deps.ts";
import { flightContext } from "../../flight-context.ts";
import { json, modelParams } from "../../openapi/schemas.ts";
import { refuse, refuseRegistry } from "../../refuse.ts";
import { auditAction } from "../../registry/audit-action.ts";
import { readJsonBody } from "../../registry/read-json-body.ts";
import { anyObject, jsonBody } from "../../registry/schemas.ts";
import { answerPublished } from "./publish.ts";

const PATH = "/v1/models/{model}/uploads";

const MAX_PARTS = 10_000;

const beginSchema = z
  .object({
    size_bytes: z.number().int().min(1),
    part_bytes: z.number().int().min(MIN_PART_BYTES).max(MAX_PART_BYTES).optional(),
  })
  .strict()
  .openapi("BeginUpload", { example: { size_bytes: 12_000_000 } });

const completeSchema = z
  .object({
    parts: z
      .array(z.object({ number: z.number().int().min(1).max(MAX_PARTS), etag: z.string().min(1) }))
      .max(MAX_PARTS),
    manifest: z.optional(draftSchema),
    alias: z.string().refine(isAlias, "not an alias").optional(),
    force: z.boolean().default(false),
  })
  .strict()
  .openapi("CompleteUpload", { example: { parts: [{ number: 1, etag: '"9bb58f26…"' }] } });

const uploadParams = modelParams.extend({
  upload: z.string().openapi({ description: "`upload_id` of the upload.", example: "aWQuMS4x" }),
});

/** Publishing past Freshet: the client PUTs the parts straight into the bucket. */
export function addUploadRoutes(app: OpenAPIHono<AppEnv>, deps: HttpDeps): void {
  const common = { scope: "publish", tag: "registry" } as const;
  addRoute(
    app,
    deps.settings,
    {
      ...common,
      method: "post",
      path: PATH,
      summary:
        "Begin an upload straight into the bucket: a signed URL for each part, good for an hour",
      request: { params: modelParams, body: json(beginSchema, "How large the file is.") },
      responses: {
        201: json(anyObject, "{upload_id, key, part_bytes, parts: [{number, url}], expires_at}"),
      },
      refusals: [400, 422, 503],
    },
    (c) => answerBegin(c, deps),
  );
  addRoute(
    app,
    deps.settings,
    {
      ...common,
      method: "post",
      path: `${PATH}/{upload}/complete`,
      summary: "Put an upload's parts together and publish them as a version",
      request: {
        params: uploadParams,
        body: jsonBody(completeSchema, "The ETag that each part's PUT answered."),
      },
      responses: {
        200: json(anyObject, "These bytes are a version already."),
        201: json(anyObject, "The new version."),
      },
      refusals: [400, 404, 409, 410, 422, 503],
    },
    (c) => answerComplete(c, deps),
  );
  addRoute(
    app,
    deps.settings,
    {
      ...common,
      method: "delete",
      path: `${PATH}/{upload}`,
      summary: "Abort an upload and let go of its parts",
      request: { params: uploadParams },
      responses: { 204: { description: "Aborted." } },
      refusals: [400, 404, 503],
    },
    (c) => answerAbort(c, deps),
  );
}

const uploadDeps = (deps: HttpDeps) => ({ ...deps.registry, uploads: deps.uploads });

async function answerBegin(c: AppContext, deps: HttpDeps): Promise<Response> {
  const reference = parseReference(c.req.param("model") ?? "");
  if (!reference.ok) return refuseRegistry(c, reference.failure);
  const body = await readJsonBody(c, beginSchema);
  if (!body.ok) return refuse(c, body.failure);
  const { model } = reference.value;
  const { size_bytes, part_bytes } = body.value;
  const mover = await auditAction(c, deps, { action: "begin_upload", model, params: body.value });
  if (!mover.ok) return refuseRegistry(c, mover.failure);
  const begun = await beginUpload(uploadDeps(deps), model, size_bytes, part_bytes);
  if (!begun.ok) return refuseRegistry(c, begun.failure);
  const { uploadId, key, partBytes, parts, expiresAtMs } = begun.value;
  const expires_at = new Date(expiresAtMs).toISOString();
  // The URLs are keys to the bucket: no cache may keep them.
  c.header("cache-control", "no-store");
  return c.json({ upload_id: uploadId, key, part_bytes: partBytes, parts, expires_at }, 201);
}

async function answerComplete(c: AppContext, deps: HttpDeps): Promise<Response> {
  const reference = parseReference(c.req.param("model") ?? "");
  if (!reference.ok) return refuseRegistry(c, reference.failure);
  const { model } = reference.value;
  const body = await readJsonBody(c, completeSchema);
  if (!body.ok) return refuse(c, body.failure);
  const { parts, manifest: draft = {}, alias, force } = body.value;
  const uploadId = c.req.param("upload") ?? "";
  const act = { action: "publish", model, target: uploadId, params: { alias, force } };
  const mover = await auditAction(c, deps, act);
  if (!mover.ok) return refuseRegistry(c, mover.failure);
  const request = { model, uploadId, parts, draft, alias, force };
  const published = await completeUpload(uploadDeps(deps), request, mover.value);
  if (!published.ok) return refuseRegistry(c, published.failure);
  noticeMove(deps.serve, flightContext(c, deps.clock), model);
  return answerPublished(c, published.value);
}

async function answerAbort(c: AppContext, deps: HttpDeps): Promise<Response> {
  const reference = parseReference(c.req.param("model") ?? "");
  if (!reference.ok) return refuseRegistry(c, reference.failure);
  const { model } = reference.value;
  const upload = c.req.param("upload") ?? "";
  const mover = await auditAction(c, deps, { action: "abort_upload", model, target: upload });
  if (!mover.ok) return refuseRegistry(c, mover.failure);
  const aborted = await abortUpload(uploadDeps(deps), model, upload);
  return aborted.ok ? c.body(null, 204) : refuseRegistry(c, aborted.failure);
}
