import type { RegistryFailure } from "../core/lifecycle/registry-failure.ts";
import type { ServeFailure } from "../core/model/failure.ts";
import type { AppContext } from "./app-env.ts";
import { type Refusal, renderRefusal } from "./problem.ts";
import { refusalOf, registryRefusalOf } from "./refusals.ts";

/** Answers a refusal in the shape of the route's family. */
export const refuse = (c: AppContext, refusal: Refusal): Response =>
  renderRefusal(c.req.path, c.get("requestId"), refusal);

/** Answers why the core could not serve. */
export const refuseServe = (c: AppContext, failure: ServeFailure): Response =>
  refuse(c, refusalOf(failure));

/** Answers why the registry did not do it. */
export const refuseRegistry = (c: AppContext, failure: RegistryFailure): Response =>
  refuse(c, registryRefusalOf(failure));
