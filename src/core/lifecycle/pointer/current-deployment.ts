import type { Deployment } from "../../model/deployment.ts";
import { fail, type Result } from "../../model/result.ts";
import type { ObjectStore, StoreFailure } from "../../ports/object-store.ts";
import { readDeployment } from "../read-deployment.ts";
import type { Document, DocumentInvalid } from "../read-document.ts";
import type { RegistryFailure } from "../registry-failure.ts";

/** A model's pointer as it is now, with the store's validator of it. One GET. */
export async function currentDeployment(
  store: ObjectStore,
  model: string,
): Promise<Result<Document<Deployment>, RegistryFailure>> {
  const read = await readDeployment(store, model);
  return read.ok ? read : fail(pointerFailure(model, read.failure));
}

/** Why there is no pointer to go by, as the registry says it. */
export function pointerFailure(
  model: string,
  failure: StoreFailure | DocumentInvalid,
): RegistryFailure {
  const { reason, detail } = failure;
  if (reason === "absent") {
    return { reason: "model_not_found", detail: `there is no model '${model}'` };
  }
  if (reason === "invalid_document") {
    return {
      reason: "deployment_unreadable",
      detail: `${detail}. Put the backup's in its place (freshet restore ${model} --overwrite-pointer), or write the routes anew: PUT /v1/models/${model}/deployment with the ETag of GET as If-Match`,
    };
  }
  return {
    reason: "store_unavailable",
    detail,
    ...("cause" in failure ? { cause: failure.cause } : {}),
  };
}
