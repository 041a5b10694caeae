import { LRUCache } from "lru-cache";
import { hashText, type KeySlot } from "../../cache/prediction-key.ts";
import type { PremiumStrategy } from "../../model/strategies.ts";
import type { Digest } from "../../ports/digest.ts";
import type { Story } from "../inference.ts";
import { strategyText } from "./strategy-text.ts";

const MAX_STRATEGIES = 200;

/** Keys of premium answers: that of the fast one, and what of the strategy its answers depend on. */
export class PremiumKeys {
  readonly #digest: Digest;
  // By a strategy's text: short, and the same for as long as its answers are.
  readonly #marks = new LRUCache<string, string>({ max: MAX_STRATEGIES });
  readonly #marksOf = new WeakMap<PremiumStrategy, string>();
  #lastMark = 0;

  constructor(digest: Digest) {
    this.#digest = digest;
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

  /** In Redis, of one epoch. */
  async inRedis(
    { caching, sought }: Pick<Story, "caching" | "sought">,
    strategy: PremiumStrategy,
    epoch: string,
  ): Promise<string> {
    const mark = (await hashText(this.#digest, strategyText(strategy))).slice(0, 32);
    return `${await caching.predictions.redisKeyOf(epoch, sought.parts)}:premium:${mark}`;
  }

  #markOf(strategy: PremiumStrategy): string {
    const known = this.#marksOf.get(strategy);
    if (known !== undefined) return known;
    const text = strategyText(strategy);
    this.#lastMark += 1;
    const mark = this.#marks.get(text) ?? `premium ${this.#lastMark}`;
    this.#marks.set(text, mark);
    this.#marksOf.set(strategy, mark);
    return mark;
  }
}
