import type { Breaker } from "../../cache/breaker.ts";
import type { CachedPrediction } from "../../cache/cached-prediction.ts";
import type { PremiumStrategy } from "../../model/strategies.ts";
import { expectedOf } from "../expect-answer.ts";
import type { Story } from "../inference.ts";
import type { PremiumKeys } from "./premium-keys.ts";
import type { PremiumDeskDeps } from "./premium-task.ts";
import { premiumTtlMs } from "./premium-work.ts";

export interface PremiumInRedisDeps extends Pick<PremiumDeskDeps, "epoch" | "settings"> {
  readonly keys: PremiumKeys;
  readonly breaker: Breaker;
  /** Told of an answer that the isolate has from now on, by its key in the isolate. */
  readonly onFound: (key: string) => void;
}

/** The premium answers that other isolates and the cron have left in Redis. */
export class PremiumInRedis {
  readonly #deps: PremiumInRedisDeps;

  constructor(deps: PremiumInRedisDeps) {
    this.#deps = deps;
  }

  /** Where the answer is in Redis, or will be; `undefined` when there is no Redis, or it is silent. */
  async keyOf(story: Story, strategy: PremiumStrategy): Promise<string | undefined> {
    const { predictions } = story.caching;
    if (predictions.redis === undefined || predictions.redis.isOpen) return undefined;
    const epoch = predictions.epoch ?? (await this.#askEpoch());
    if (epoch === undefined) return undefined;
    return this.#deps.keys.inRedis(story, strategy, epoch);
  }

  /** Looks there, and keeps in the isolate what it finds. */
  async find(
    story: Story,
    redisKey: string | undefined,
    strategy: PremiumStrategy,
  ): Promise<CachedPrediction | undefined> {
    const { caching, context, key, sought } = story;
    const { predictions } = caching;
    const { generation, redis } = predictions;
    if (redisKey === undefined) return undefined;
    const found = await redis?.get(context, redisKey, expectedOf(story, premiumTtlMs(strategy)));
    if (found === undefined || found.createdAtMs <= predictions.clearedAtMs(sought.version)) {
      return undefined;
    }
    predictions.keep(key, found, generation);
    this.#deps.onFound(key);
    return found;
  }

  /** An isolate that is new while Redis is silent must not wait for it again and again. */
  async #askEpoch(): Promise<string | undefined> {
    const { breaker, epoch: ask, settings } = this.#deps;
    if (!breaker.mayAsk()) return undefined;
    const epoch = await ask(settings.redisDeadlineMs);
    if (epoch === undefined) breaker.failed();
    else breaker.succeeded();
    return epoch;
  }
}
