import type { Deployment } from "../../model/deployment.ts";
import { parseReferenceWord } from "../../model/reference.ts";
import type { PremiumStrategy } from "../../model/strategies.ts";
import { routeOf } from "../../routing/resolve.ts";

/** An alias of a model of this registry that a strategy follows. */
export interface FollowedAlias {
  readonly model: string;
  readonly alias: string;
}

/** `undefined` where a strategy means the same for as long as it stands: a version, or a remote model. */
export function followedAlias(strategy: PremiumStrategy): FollowedAlias | undefined {
  if (strategy.kind !== "model") return undefined;
  const reference = parseReferenceWord(strategy.reference);
  if (!reference.ok || reference.value.selector.kind !== "alias") return undefined;
  return { model: reference.value.model, alias: reference.value.selector.alias };
}

/** What an alias leads to, as text: equal for two states of a deployment that answer alike. */
export function routeText(deployment: Deployment | undefined, alias: string): string {
  if (deployment === undefined) return "unknown";
  const weights = Object.entries(routeOf(deployment, alias)?.weights ?? {});
  const shares = weights.filter(([, share]) => share > 0).sort(([a], [b]) => Number(a) - Number(b));
  return shares.map(([version, share]) => `${version}:${share}`).join(" ");
}
