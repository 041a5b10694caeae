import { type Deployment, deploymentSchema } from "../model/deployment.ts";
import { deploymentKey } from "../model/keys.ts";
import { fail, type Result } from "../model/result.ts";
import type { ObjectStore, StoreFailure } from "../ports/object-store.ts";
import { type Document, type DocumentInvalid, readDocument } from "./read-document.ts";

/** Reads a model's deployment and checks that it is that model's. One GET, conditional with `ifNoneMatch`. */
export async function readDeployment(
  store: ObjectStore,
  model: string,
  ifNoneMatch?: string,
): Promise<Result<Document<Deployment>, StoreFailure | DocumentInvalid>> {
  const key = deploymentKey(model);
  const read = await readDocument(store, key, deploymentSchema, ifNoneMatch);
  if (!read.ok || read.value.value.model === model) return read;
  const detail = `${key}: model: it says '${read.value.value.model}'`;
  return fail({ reason: "invalid_document", detail, etag: read.value.etag });
}
