import type { OpenAPIHono } from "@hono/zod-openapi";
import { z } from "@hono/zod-openapi";
import { adoptChain } from "../../../core/lifecycle/audit/adopt-chain.ts";
import type { BackupDeps } from "../../../core/lifecycle/backup/backup-deps.ts";
import { readBackupReport } from "../../../core/lifecycle/backup/report.ts";
import { restore } from "../../../core/lifecycle/backup/restore.ts";
import { runBackup } from "../../../core/lifecycle/backup/run-backup.ts";
import { verifyBackup } from "../../../core/lifecycle/backup/verify-backup.ts";
import { noticeMove, orderRefresh } from "../../../core/lifecycle/notice-move.ts";
import { isModelName, isVersion } from "../../../core/model/reference.ts";
import { addRoute } from "../../add-route.ts";
import type { AppContext, AppEnv } from "../../app-env.ts";
import type { HttpDeps } from "../../deps.ts";
import { flightContext } from "../../flight-context.ts";
import { json } from "../../openapi/schemas.ts";
import { refuse, refuseRegistry } from "../../refuse.ts";
import { auditAction } from "../../registry/audit-action.ts";
import { readJsonBody } from "../../registry/read-json-body.ts";
import { anyObject } from "../../registry/schemas.ts";

/** Milliseconds of one call: whoever asks waits for it, and asks again until it is done. */
const BUDGET_MS = 20_000;

const verifySchema = z
  .object({ from: z.string().max(200).optional() })
  .strict()
  .openapi("VerifyBackup", { example: {} });

const restoreSchema = z
  .object({
    model: z.string().refine(isModelName, "not a model name").optional(),
    version: z.string().refine(isVersion, "not a version: a whole number from 1").optional(),
    overwrite_pointer: z.boolean().default(false),
    reason: z.string().max(1000).optional(),
  })
  .strict()
  .refine(({ model, version }) => version === undefined || model !== undefined, {
    message: "a version needs its model",
    path: ["version"],
  })
  .openapi("Restore", { example: { model: "iris-logreg", version: "1" } });

type Handler = (c: AppContext, backup: BackupDeps) => Promise<Response>;

/** The second bucket: run, look, prove, bring back. */
export function addBackupRoutes(app: OpenAPIHono<AppEnv>, deps: HttpDeps): void {
  const common = { scope: "admin", tag: "registry" } as const;
  const add = (definition: Parameters<typeof addRoute>[2], handler: Handler) =>
    addRoute(app, deps.settings, definition, (c) =>
      deps.backup === undefined ? refuseUnconfigured(c) : handler(c, deps.backup),
    );
  add(
    {
      ...common,
      method: "post",
      path: "/v1/backup/run",
      summary: "Copy into the second bucket what it does not have yet; for 20 s at most",
      responses: { 200: json(anyObject, "{at, copied, unchanged, bytes, failures, failed, done}") },
      refusals: [409, 503],
    },
    (c, backup) => answerRun(c, deps, backup),
  );
  add(
    {
      ...common,
      method: "get",
      path: "/v1/backup",
      summary: "How the last backup went",
      responses: { 200: json(anyObject, "{last}: the report, or null before the first run.") },
      refusals: [409, 503],
    },
    answerStatus,
  );
  add(
    {
      ...common,
      method: "post",
      path: "/v1/backup/verify",
      summary: "Read the versions in the second bucket again and check their digests",
      request: { body: json(verifySchema, "Where to go on: `next` of the answer before.") },
      responses: { 200: json(anyObject, "{verified, bytes, failed, missing, done, next?}") },
      refusals: [400, 409, 503],
    },
    answerVerify,
  );
  add(
    {
      ...common,
      method: "post",
      path: "/v1/restore",
      summary: "Bring back from the second bucket what the first has lost",
      request: { body: json(restoreSchema, "Everything, a model, or a version of it.") },
      responses: {
        200: json(anyObject, "{restored, unchanged, bytes, failures, failed, pointers, done}"),
      },
      refusals: [400, 404, 409, 410, 503],
    },
    (c, backup) => answerRestore(c, deps, backup),
  );
}

const refuseUnconfigured = (c: AppContext): Response =>
  refuse(c, {
    status: 409,
    code: "backup_not_configured",
    detail:
      "there is no second bucket: set BACKUP_S3_ENDPOINT, BACKUP_S3_BUCKET, BACKUP_S3_ACCESS_KEY_ID and BACKUP_S3_SECRET_ACCESS_KEY (docs/backup.md)",
  });

async function answerRun(c: AppContext, deps: HttpDeps, backup: BackupDeps): Promise<Response> {
  const audited = await auditAction(c, deps, { action: "run_backup" });
  if (!audited.ok) return refuseRegistry(c, audited.failure);
  return c.json(await runBackup(backup, { budgetMs: BUDGET_MS }));
}

const answerStatus: Handler = async (c, backup) => {
  const last = await readBackupReport(backup.store);
  return last.ok ? c.json({ last: last.value ?? null }) : refuseRegistry(c, last.failure);
};

const answerVerify: Handler = async (c, backup) => {
  const body = await readJsonBody(c, verifySchema);
  if (!body.ok) return refuse(c, body.failure);
  const verified = await verifyBackup(backup, { budgetMs: BUDGET_MS, from: body.value.from });
  return verified.ok ? c.json(verified.value) : refuseRegistry(c, verified.failure);
};

async function answerRestore(c: AppContext, deps: HttpDeps, backup: BackupDeps): Promise<Response> {
  const body = await readJsonBody(c, restoreSchema);
  if (!body.ok) return refuse(c, body.failure);
  const { model, version, overwrite_pointer: overwritePointer } = body.value;
  const adopted = await adoptChain(backup);
  if (!adopted.ok) return refuseRegistry(c, adopted.failure);
  const mover = await auditAction(c, deps, {
    action: "restore",
    params: { overwrite_pointer: overwritePointer },
    reason: body.value.reason ?? "restored from the backup",
    ...(model === undefined ? {} : { model }),
    ...(version === undefined ? {} : { target: version }),
  });
  if (!mover.ok) return refuseRegistry(c, mover.failure);
  const request = { model, version, overwritePointer, budgetMs: BUDGET_MS };
  const restored = await restore(backup, request, mover.value);
  if (!restored.ok) return refuseRegistry(c, restored.failure);
  const context = flightContext(c, deps.clock);
  const pointers = Object.keys(restored.value.pointers);
  for (const touched of pointers) noticeMove(deps.serve, context, touched);
  if (overwritePointer && pointers.length > 0) {
    orderRefresh(deps.serve, context, pointers.length === 1 ? pointers[0] : undefined);
  }
  return c.json(restored.value);
}
