import { currentDeployment } from "../../core/lifecycle/pointer/current-deployment.ts";
import type { RegistryFailure } from "../../core/lifecycle/registry-failure.ts";
import { ok, type Result } from "../../core/model/result.ts";
import type { HttpDeps } from "../deps.ts";

/** A model that this isolate knows, or the bucket does. One GET at most. */
export async function findModel(
  { serve, store }: Pick<HttpDeps, "serve" | "store">,
  model: string,
): Promise<Result<undefined, RegistryFailure>> {
  if (serve.catalog.get(model) !== undefined) return ok(undefined);
  const found = await currentDeployment(store, model);
  // A damaged pointer is a model's, too.
  if (found.ok || found.failure.reason === "deployment_unreadable") return ok(undefined);
  return found;
}
