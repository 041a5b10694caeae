import type { Deployment } from "../../model/deployment.ts";
import { modelBytesKey, notesKey } from "../../model/keys.ts";
import type { Manifest } from "../../model/manifest.ts";
import { type Notes, notesSchema } from "../../model/notes.ts";
import type { Reference } from "../../model/reference.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { routedVersions, routeOf } from "../../routing/resolve.ts";
import { DOCUMENT_DEADLINE_MS, readDocument } from "../read-document.ts";
import { readManifest } from "../read-manifest.ts";
import type { RegistryFailure } from "../registry-failure.ts";

/** A version as the registry tells it: its manifest with its notes laid over, and who serves it. */
export interface VersionDescription extends Omit<Manifest, "description"> {
  readonly description?: string | undefined;
  readonly etag?: string;
  /** Aliases whose route names it, shadows included. */
  readonly aliases: readonly string[];
  readonly deprecated?: Notes["deprecated"] | undefined;
}

/** The version that a reference means now; of a split route, the one with the most traffic. */
export function versionMeant(
  deployment: Deployment,
  { selector }: Reference,
): Result<string, RegistryFailure> {
  if (selector.kind === "version") return ok(selector.version);
  const route = routeOf(deployment, selector.alias);
  const most = [...(route === undefined ? [] : routedVersions(route))].sort(
    (a, b) => (route?.weights[b] ?? 0) - (route?.weights[a] ?? 0),
  )[0];
  if (most !== undefined) return ok(most);
  return fail({
    reason: "alias_not_found",
    detail: `model '${deployment.model}' has no alias '${selector.alias}'; it has ${Object.keys(deployment.aliases).join(", ") || "none"}`,
  });
}

/** Everything the registry knows of a version. Two GETs and a HEAD. */
export async function describeVersion(
  store: ObjectStore,
  deployment: Deployment,
  version: string,
): Promise<Result<VersionDescription, RegistryFailure>> {
  const { model } = deployment;
  if (deployment.deleted?.includes(version)) {
    return fail({
      reason: "version_deleted",
      detail: `version '${version}' of model '${model}' is deleted`,
    });
  }
  const [manifest, notes, head] = await Promise.all([
    readManifest(store, model, version),
    readNotes(store, model, version),
    store.head(modelBytesKey(model, version), { deadlineMs: DOCUMENT_DEADLINE_MS }),
  ]);
  if (!manifest.ok) return manifest;
  if (!notes.ok) return notes;
  const { tags = manifest.value.tags, description, deprecated } = notes.value.notes;
  const { description: published, ...facts } = manifest.value;
  const told = description === undefined ? published : description;
  const etag = head.ok ? { etag: head.value.etag } : {};
  return ok({
    ...facts,
    ...(told == null ? {} : { description: told }),
    ...(deprecated === undefined ? {} : { deprecated }),
    tags,
    ...etag,
    aliases: aliasesOf(deployment, version),
  });
}

/** Aliases whose route names a version, as one that answers or as a shadow. */
export const aliasesOf = ({ aliases }: Deployment, version: string): readonly string[] =>
  Object.entries(aliases).flatMap(([alias, { weights, shadow }]) =>
    Object.hasOwn(weights, version) || shadow === version ? [alias] : [],
  );

/** A version's notes with their etag; empty ones when nobody wrote any. */
export async function readNotes(
  store: ObjectStore,
  model: string,
  version: string,
): Promise<Result<{ readonly notes: Notes; readonly etag?: string }, RegistryFailure>> {
  const read = await readDocument(store, notesKey(model, version), notesSchema);
  if (read.ok) return ok({ notes: read.value.value, etag: read.value.etag });
  const { reason, detail } = read.failure;
  if (reason === "absent") return ok({ notes: {} });
  return fail({ reason: "store_unavailable", detail });
}
