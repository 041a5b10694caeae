import { LRUCache } from "lru-cache";
import { Breaker } from "../../cache/breaker.ts";
import type { CachedPrediction } from "../../cache/cached-prediction.ts";
import { hashText, type KeySlot } from "../../cache/prediction-key.ts";
import { waitAtMost } from "../../cache/single-flight.ts";
import type { ServeFailure } from "../../model/failure.ts";
import type { MaybePromise } from "../../model/maybe-promise.ts";
import { ok, type Result } from "../../model/result.ts";
import type { PremiumStrategy } from "../../model/strategies.ts";
import { hit } from "../answer-kept.ts";
import type { CacheMiss, Inference, Premium, Story } from "../inference.ts";
import { expectedOf } from "../seek.ts";
import { beginPremium } from "./begin-premium.ts";
import type { Desk, PremiumDeskDeps, Task } from "./premium-task.ts";
import { strategyText } from "./strategy-text.ts";

type Answer = Result<Inference, ServeFailure>;

const MAX_TASKS = 2_000;
/** At the least: a fast answer may be fresh for no time at all. */
const PAUSE_MS = 10_000;
const LOOK_MS = 1_000;
/** Doubled up to this: a premium that never answers must not have every hot input looked up each second. */
const MAX_LOOK_MS = 30_000;
const MAX_STRATEGIES = 200;

/**
 * Gives the better answer where there is one, and sees to it that there will be one. What it knows
 * is the isolate's: the durable part is in the queue, the answers are in the caches.
 */
export class PremiumDesk implements Premium, Desk {
  readonly deps: PremiumDeskDeps;
  readonly breaker: Breaker;
  readonly #tasks = new LRUCache<string, Task>({ max: MAX_TASKS });
  // By a strategy's text: part of the key of each of its answers.
  readonly #marks = new LRUCache<string, string>({ max: MAX_STRATEGIES });
  readonly #marksOf = new WeakMap<PremiumStrategy, string>();
  readonly #running = new Map<string, number>();
  #lastMark = 0;

  constructor(deps: PremiumDeskDeps) {
    this.deps = deps;
    this.breaker = new Breaker(deps.clock);
  }

  kept(key: string, strategy: PremiumStrategy): CachedPrediction | undefined {
    const { predictions, clock } = this.deps;
    return predictions.find(this.#keyOf(key, strategy), clock.now());
  }

  async answer(
    story: Story,
    strategy: PremiumStrategy,
    fast: () => MaybePromise<Answer>,
  ): Promise<Answer> {
    const { caching, context } = story;
    const key = this.#keyOf(story.key, strategy, story.sought.parts.slot);
    const own = { ...story, key };
    const now = context.clock.now();
    const kept = caching.predictions.find(key, now);
    if (kept !== undefined) {
      if (now >= kept.freshUntilMs) this.#renewLater(own, strategy, kept);
      return ok(hit(own, "isolate", kept, true));
    }
    const task = this.#tasks.get(key);
    if (task?.generation === caching.predictions.generation && now < task.untilMs) {
      this.#lookAgain(own, strategy, task);
      return this.#settle(own, strategy, task, await fast());
    }
    return this.#begin(own, strategy, fast);
  }

  /** The first request for an answer: it looks in Redis, makes the job durable and starts it. */
  async #begin(
    story: Story,
    strategy: PremiumStrategy,
    fast: () => MaybePromise<Answer>,
  ): Promise<Answer> {
    const { caching, context } = story;
    const nowMs = context.clock.now();
    const untilMs = nowMs + Math.max(PAUSE_MS, caching.policy.ttlMs);
    const { generation } = caching.predictions;
    const task: Task = { generation, untilMs, lookedAtMs: nowMs, lookPauseMs: LOOK_MS };
    this.#tasks.set(story.key, task);
    const redisKey = await this.#redisKey(story, strategy);
    if (redisKey === undefined && caching.predictions.redis !== undefined) {
      // Of this isolate alone the answer would be another than the one that the others come by.
      this.#tasks.delete(story.key);
      return fast();
    }
    const shared = await this.#look(story, redisKey);
    if (shared !== undefined) {
      if (nowMs >= shared.freshUntilMs) this.#renewLater(story, strategy, shared);
      return ok(hit(story, "redis", shared, true));
    }
    const beginning = beginPremium(this, story, strategy, { task, redisKey, newerThanMs: 0 });
    // Both start together; the job is durable before its answer leaves.
    const answering = fast();
    const [answered] = await Promise.all([answering, beginning]);
    return this.#settle(story, strategy, task, answered);
  }

  /** The best there is now, or will be within the time that a race may take. */
  async #settle(
    story: Story,
    strategy: PremiumStrategy,
    task: Task,
    answered: Answer,
  ): Promise<Answer> {
    const { context, startedMs } = story;
    const { flight, job } = task;
    if (task.landed === undefined && flight !== undefined && strategy.mode === "race") {
      const leftMs = (strategy.race_ms ?? 0) - (context.clock.now() - startedMs);
      if (leftMs > 0) await waitAtMost(context.clock, flight, leftMs);
    }
    if (task.landed !== undefined) return ok(computed(story, task.landed));
    task.isLate = true;
    return answered.ok && job !== undefined ? ok({ ...answered.value, job }) : answered;
  }

  landed(story: Story, task: Task, prediction: CachedPrediction | undefined): void {
    delete task.flight;
    if (prediction === undefined) return;
    task.landed = prediction;
    story.caching.predictions.keep(story.key, prediction, task.generation);
    this.#tasks.delete(story.key);
  }

  takePlace({ max_concurrency }: PremiumStrategy, model: string): boolean {
    const running = this.#running.get(model) ?? 0;
    if (running >= max_concurrency) return false;
    this.#running.set(model, running + 1);
    return true;
  }

  leavePlace(model: string): void {
    const running = (this.#running.get(model) ?? 1) - 1;
    if (running > 0) this.#running.set(model, running);
    else this.#running.delete(model);
  }

  /** Another isolate, or the cron, may have it by now: Redis is asked, behind the request. */
  #lookAgain(story: Story, strategy: PremiumStrategy, task: Task): void {
    const { context } = story;
    const nowMs = context.clock.now();
    if (task.flight !== undefined || nowMs - task.lookedAtMs < task.lookPauseMs) return;
    task.lookedAtMs = nowMs;
    task.lookPauseMs = Math.min(2 * task.lookPauseMs, MAX_LOOK_MS);
    const look = async () => this.#look(story, await this.#redisKey(story, strategy));
    context.background.keep(look().catch(() => undefined));
  }

  async #look(story: Story, redisKey: string | undefined): Promise<CachedPrediction | undefined> {
    const { caching, context, key, sought } = story;
    const { predictions } = caching;
    const { generation, redis } = predictions;
    if (redisKey === undefined) return undefined;
    const found = await redis?.get(context, redisKey, expectedOf(sought));
    if (found === undefined) return undefined;
    predictions.keep(key, found, generation);
    this.#tasks.delete(key);
    return found;
  }

  #renewLater(story: Story, strategy: PremiumStrategy, stale: CachedPrediction): void {
    const { caching, context, key, sought } = story;
    const nowMs = context.clock.now();
    if (!caching.predictions.claimRenewal(key, nowMs)) return;
    const { model, version } = sought.version;
    const ageMs = nowMs - stale.createdAtMs;
    this.deps.events.emit({ kind: "prediction_stale", model, version, ageMs });
    context.background.keep(this.#renew(story, strategy, stale));
  }

  /** Never rejects. */
  async #renew(story: Story, strategy: PremiumStrategy, stale: CachedPrediction): Promise<void> {
    const { caching, context, key } = story;
    let succeeded = false;
    try {
      const redisKey = await this.#redisKey(story, strategy);
      const isSilent = redisKey === undefined && caching.predictions.redis !== undefined;
      const shared = await this.#look(story, redisKey);
      succeeded = shared !== undefined && shared.createdAtMs > stale.createdAtMs;
      if (!succeeded && !isSilent) {
        const nowMs = context.clock.now();
        const { generation } = caching.predictions;
        const task: Task = {
          ...{ generation, untilMs: nowMs },
          ...{ lookedAtMs: nowMs, lookPauseMs: LOOK_MS },
        };
        const newerThanMs = stale.createdAtMs + 1;
        await beginPremium(this, story, strategy, { task, redisKey, newerThanMs });
        await task.flight;
        succeeded = task.landed !== undefined;
      }
    } catch {
      succeeded = false;
    }
    caching.predictions.endRenewal(key, succeeded);
  }

  /** Long, and hashed by whoever looks it up: made once where inputs come again. */
  #keyOf(fastKey: string, strategy: PremiumStrategy, slot?: KeySlot): string {
    const mark = this.#markOf(strategy);
    const known = slot?.premium;
    if (known?.mark === mark && known.of === fastKey) return known.key;
    const key = `${fastKey}\n${mark}`;
    if (slot !== undefined) slot.premium = { mark, of: fastKey, key };
    return key;
  }

  /** Short, and the same for as long as the strategy's answers are. */
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

  /** Where the answer is in Redis, or will be; `undefined` when there is no Redis, or it is silent. */
  async #redisKey(story: Story, strategy: PremiumStrategy): Promise<string | undefined> {
    const { predictions } = story.caching;
    if (predictions.redis === undefined || predictions.redis.isOpen) return undefined;
    const epoch = predictions.epoch ?? (await this.#askEpoch());
    if (epoch === undefined) return undefined;
    const mark = (await hashText(this.deps.digest, strategyText(strategy))).slice(0, 32);
    return `${await predictions.redisKeyOf(epoch, story.sought.parts)}:premium:${mark}`;
  }

  /** An isolate that is new while Redis is silent must not wait for it again and again. */
  async #askEpoch(): Promise<string | undefined> {
    if (!this.breaker.mayAsk()) return undefined;
    const epoch = await this.deps.epoch(this.deps.settings.redisDeadlineMs);
    if (epoch === undefined) this.breaker.failed();
    else this.breaker.succeeded();
    return epoch;
  }
}

const ANEW: CacheMiss = {
  tier: "none",
  why: "miss",
  collapsed: false,
  stored: true,
  redis: false,
};

/** A premium answer that came in time. */
function computed(
  { caching, context, sought, route, startedMs }: Story,
  prediction: CachedPrediction,
): Inference {
  return {
    loaded: caching.predictions.answeringVersion(prediction, sought.version),
    route,
    strategy: prediction.strategy,
    modelCache: "unused",
    cached: ANEW,
    outputs: prediction.outputs,
    acquireMs: context.clock.now() - startedMs,
    runMs: 0,
  };
}
