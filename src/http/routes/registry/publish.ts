import type { OpenAPIHono } from "@hono/zod-openapi";
import { z } from "@hono/zod-openapi";
import { maxFileBytes } from "../../../core/lifecycle/fetch-version.ts";
import { noticeMove } from "../../../core/lifecycle/notice-move.ts";
import { type Published, publishVersion } from "../../../core/lifecycle/publish/publish-version.ts";
import { aliasesOf } from "../../../core/lifecycle/versions/describe-version.ts";
import { isAlias, parseReference } from "../../../core/model/reference.ts";
import { addRoute } from "../../add-route.ts";
import type { AppContext, AppEnv } from "../../app-env.ts";
import type { HttpDeps } from "../../deps.ts";
import { flightContext } from "../../flight-context.ts";
import { json, modelParams } from "../../openapi/schemas.ts";
import { refuse, refuseRegistry } from "../../refuse.ts";
import { auditAction } from "../../registry/audit-action.ts";
import { readUpload } from "../../registry/read-upload.ts";
import { anyObject, publishForm } from "../../registry/schemas.ts";

const PATH = "/v1/models/{model}/versions";

/** Publishing: bytes in, a version out. */
export function addPublishRoute(app: OpenAPIHono<AppEnv>, deps: HttpDeps): void {
  addRoute(
    app,
    deps.settings,
    {
      method: "post",
      path: PATH,
      scope: "publish",
      tag: "registry",
      summary:
        "Publish a version: tried in the engine before it exists; the same bytes again answer the version they are",
      request: {
        params: modelParams,
        query: z.object({
          alias: z.string().optional().openapi({ description: "Alias to move to the version." }),
          force: z
            .string()
            .optional()
            .openapi({ description: "`true`: move it past a changed interface." }),
        }),
        body: {
          description: "The file, bare or as a form with what is known of it.",
          content: {
            "application/octet-stream": {
              schema: z.any().openapi({ type: "string", format: "binary" }),
            },
            "multipart/form-data": publishForm(),
          },
        },
      },
      responses: {
        200: json(anyObject, "These bytes are a version already."),
        201: json(anyObject, "The new version."),
      },
      refusals: [400, 409, 410, 413, 415, 422, 503],
    },
    (c) => answerPublish(c, deps),
  );
}

async function answerPublish(c: AppContext, deps: HttpDeps): Promise<Response> {
  const reference = parseReference(c.req.param("model") ?? "");
  if (!reference.ok) return refuseRegistry(c, reference.failure);
  const { model } = reference.value;
  const alias = c.req.query("alias");
  if (alias !== undefined && !isAlias(alias)) {
    return refuse(c, {
      status: 400,
      code: "bad_reference",
      detail: "alias must be a lower-case letter, then up to 31 of a-z, 0-9, '_', '-'",
    });
  }
  const upload = await readUpload(c.req.raw, deps.digest, maxFileBytes(deps));
  if (!upload.ok) return refuse(c, upload.failure);
  const force = c.req.query("force") === "true";
  const { digest, bytes } = upload.value;
  const params = { size_bytes: bytes.byteLength, alias, force };
  const mover = await auditAction(c, deps, { action: "publish", model, target: digest, params });
  if (!mover.ok) return refuseRegistry(c, mover.failure);
  const request = { model, ...upload.value, alias, force };
  const published = await publishVersion(deps.registry, request, mover.value);
  if (!published.ok) return refuseRegistry(c, published.failure);
  noticeMove(deps.serve, flightContext(c, deps.clock), model);
  return answerPublished(c, published.value);
}

/** The answer to a publish, new or not. */
export function answerPublished(c: AppContext, published: Published): Response {
  const { created, manifest, etag, deployment } = published;
  const { name, version, digest, size_bytes, peak_memory_bytes, inputs, outputs, created_at } =
    manifest;
  c.header("location", `/v1/models/${name}/versions/${version}`);
  const aliases = aliasesOf(deployment, version);
  const body = { name, version, digest, etag, size_bytes, peak_memory_bytes, inputs, outputs };
  return c.json({ ...body, aliases, created_at }, created ? 201 : 200);
}
