import { LRUCache } from "lru-cache";
import { hashText, type KeySlot } from "../../cache/prediction-key.ts";
import { type FlightContext, waitAtMost } from "../../cache/single-flight.ts";
import type { DeploymentFinder } from "../../lifecycle/find-deployment.ts";
import type { Deployment } from "../../model/deployment.ts";
import type { PremiumStrategy } from "../../model/strategies.ts";
import type { Digest } from "../../ports/digest.ts";
import type { Story } from "../inference.ts";
import { type FollowedAlias, followedAlias, routeText } from "./followed-alias.ts";
import { strategyText } from "./strategy-text.ts";

const MAX_STRATEGIES = 200;

export interface PremiumKeysDeps {
  readonly digest: Digest;
  /** A model's deployment as this isolate knows it. No I/O. */
  readonly deploymentOf: (model: string) => Deployment | undefined;
  readonly finder: Pick<DeploymentFinder, "find">;
  /** What a request waits for the deployment of the model that a strategy follows, the first time. */
  readonly deadlineMs: number;
}

/** A strategy's mark, and by what it was made. */
interface Marked {
  readonly mark: string;
  readonly follows: FollowedAlias | undefined;
  readonly deployment: Deployment | undefined;
}

/**
 * Keys of premium answers: that of the fast one, what of the strategy its answers depend on, and
 * where the alias leads that it follows. Once that has moved, nobody is given what was before.
 */
export class PremiumKeys {
  readonly #deps: PremiumKeysDeps;
  // By a strategy's text: short, and the same for as long as its answers are.
  readonly #marks = new LRUCache<string, string>({ max: MAX_STRATEGIES });
  readonly #marksOf = new WeakMap<PremiumStrategy, Marked>();
  #lastMark = 0;

  constructor(deps: PremiumKeysDeps) {
    this.#deps = deps;
  }

  /** In the isolate. Long, and hashed by whoever looks it up: made once where inputs come again. */
  inIsolate(fastKey: string, strategy: PremiumStrategy, slot?: KeySlot): string {
    const mark = this.#markOf(strategy);
    const known = slot?.premium;
    if (known?.mark === mark && known.of === fastKey) return known.key;
    const key = `${fastKey}\n${mark}`;
    if (slot !== undefined) slot.premium = { mark, of: fastKey, key };
    return key;
  }

  /** In Redis, of one epoch. One GET where the strategy follows a model that this isolate has not met. */
  async inRedis(
    { caching, sought, context }: Pick<Story, "caching" | "sought" | "context">,
    strategy: PremiumStrategy,
    epoch: string,
  ): Promise<string> {
    const follows = followedAlias(strategy);
    if (follows !== undefined) await this.#meet(context, follows);
    const text = this.#textOf(strategy, follows);
    const mark = (await hashText(this.#deps.digest, text)).slice(0, 32);
    return `${await caching.predictions.redisKeyOf(epoch, sought.parts)}:premium:${mark}`;
  }

  /** A store that is slow holds up nobody: the key is then one of those who do not know either. */
  async #meet(context: FlightContext, { model }: FollowedAlias): Promise<void> {
    const { deploymentOf, finder, deadlineMs } = this.#deps;
    if (deploymentOf(model) !== undefined) return;
    const found = finder.find(context, model).catch(() => undefined);
    context.background.keep(found);
    await waitAtMost(context.clock, found, deadlineMs);
  }

  /** Without an alias the strategy's own text alone: its keys are those of before. */
  #textOf(strategy: PremiumStrategy, follows: FollowedAlias | undefined): string {
    const text = strategyText(strategy);
    if (follows === undefined) return text;
    return `${text} ${routeText(this.#deps.deploymentOf(follows.model), follows.alias)}`;
  }

  #markOf(strategy: PremiumStrategy): string {
    const known = this.#marksOf.get(strategy);
    const follows = known === undefined ? followedAlias(strategy) : known.follows;
    const deployment = follows && this.#deps.deploymentOf(follows.model);
    if (known !== undefined && known.deployment === deployment) return known.mark;
    const text = this.#textOf(strategy, follows);
    this.#lastMark += 1;
    const mark = this.#marks.get(text) ?? `premium ${this.#lastMark}`;
    this.#marks.set(text, mark);
    this.#marksOf.set(strategy, { mark, follows, deployment });
    return mark;
  }
}
