import { notesKey } from "../../model/keys.ts";
import type { Notes } from "../../model/notes.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { readManifest } from "../read-manifest.ts";
import type { RegistryFailure } from "../registry-failure.ts";
import { writeDocument } from "../write-document.ts";
import { readNotes } from "./describe-version.ts";

/** What to change: a tag that is `null` goes, `deprecated: null` takes it back. */
export interface NotesChange {
  readonly tags?: Readonly<Record<string, string | null>> | undefined;
  readonly description?: string | null | undefined;
  readonly deprecated?: Notes["deprecated"] | null | undefined;
}

const MAX_TRIES = 20;

/** Tags, describes or deprecates a version; the manifest stays as it is. By compare-and-swap, so no change is lost. */
export async function annotateVersion(
  store: ObjectStore,
  model: string,
  version: string,
  change: NotesChange,
): Promise<Result<Notes, RegistryFailure>> {
  const manifest = await readManifest(store, model, version);
  if (!manifest.ok) return manifest;
  const { tags, description } = manifest.value;
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const read = await readNotes(store, model, version);
    if (!read.ok) return read;
    const { notes, etag } = read.value;
    const next = applyChange({ tags, description, ...notes }, change);
    const when = etag === undefined ? "absent" : { etag };
    const written = await writeDocument(store, notesKey(model, version), next, when);
    if (written.ok) return ok(next);
    const { reason, detail, cause } = written.failure;
    if (reason !== "precondition_lost") return fail({ reason: "store_unavailable", detail, cause });
  }
  return fail({
    reason: "revision_conflict",
    detail: `others changed the notes of ${model} version ${version} meanwhile; try again`,
  });
}

function applyChange(
  now: { readonly [K in keyof Notes]?: Notes[K] | undefined },
  change: NotesChange,
): Notes {
  const tags = Object.entries({ ...now.tags, ...change.tags }).filter(
    (tag): tag is [string, string] => tag[1] !== null,
  );
  const description = change.description === undefined ? now.description : change.description;
  const deprecated = change.deprecated === undefined ? now.deprecated : change.deprecated;
  return {
    tags: Object.fromEntries(tags),
    ...(description === undefined ? {} : { description }),
    ...(deprecated == null ? {} : { deprecated }),
  };
}
