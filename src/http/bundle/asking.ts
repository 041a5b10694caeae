import type { FlightContext } from "../../core/cache/single-flight.ts";
import { referencesOf } from "../../core/lifecycle/bundle/named-versions.ts";
import type { Bundle } from "../../core/model/bundle.ts";
import type { AskStickiness } from "../../core/routing/resolve.ts";
import type { AppContext } from "../app-env.ts";
import type { HttpDeps } from "../deps.ts";
import type { Refusal } from "../problem.ts";
import { type RefusedPrediction, tellRefused } from "../refuse-prediction.ts";
import type { BundleMeta } from "./write-answers.ts";

/** A request for all models of a bundle. */
export interface BundleAsking {
  readonly c: AppContext;
  readonly deps: HttpDeps;
  readonly context: FlightContext;
  readonly bundle: Bundle;
  readonly meta: BundleMeta;
  readonly startedMs: number;
}

/** One routing key holds for all models; a route is one model's. */
export const stickinessOf =
  ({ c, deps }: Pick<BundleAsking, "c" | "deps">): AskStickiness =>
  () => ({ routingKey: c.req.header("x-freshet-routing-key"), random: deps.random });

/** A model of a bundle that answers nothing. */
export interface RefusedMember {
  /** As the bundle names it. */
  readonly reference: string;
  readonly startedMs: number;
  readonly failure?: RefusedPrediction["failure"];
}

/** Tells the log of it as of a request of its own. */
export function tellMemberRefused(
  { c, deps, meta }: Pick<BundleAsking, "c" | "deps" | "meta">,
  { reference: word, startedMs, failure }: RefusedMember,
  refusal: Refusal,
): void {
  const [reference] = referencesOf({ references: [word] });
  const stickiness = stickinessOf({ c, deps });
  const { request_id: requestId } = meta;
  tellRefused(deps, { requestId, startedMs, reference, stickiness, failure }, refusal);
}
