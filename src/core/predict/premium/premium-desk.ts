import { LRUCache } from "lru-cache";
import { Breaker } from "../../cache/breaker.ts";
import type { CachedPrediction } from "../../cache/cached-prediction.ts";
import { waitAtMost } from "../../cache/single-flight.ts";
import type { ServeFailure } from "../../model/failure.ts";
import type { MaybePromise } from "../../model/maybe-promise.ts";
import { ok, type Result } from "../../model/result.ts";
import type { PremiumStrategy } from "../../model/strategies.ts";
import { arrived, hit } from "../answer-kept.ts";
import type { Inference, Premium, Story } from "../inference.ts";
import { expectedOf } from "../seek.ts";
import { beginPremium } from "./begin-premium.ts";
import { PremiumKeys } from "./premium-keys.ts";
import type { Desk, PremiumDeskDeps, Task } from "./premium-task.ts";

type Answer = Result<Inference, ServeFailure>;

const MAX_TASKS = 2_000;
/** At the least: a fast answer may be fresh for no time at all. */
const PAUSE_MS = 10_000;
const LOOK_MS = 1_000;
/** Doubled up to this: a premium that never answers must not have every hot input looked up each second. */
const MAX_LOOK_MS = 30_000;

/**
 * Gives the better answer where there is one, and sees to it that there will be one. What it knows
 * is the isolate's: the durable part is in the queue, the answers are in the caches.
 */
export class PremiumDesk implements Premium, Desk {
  readonly deps: PremiumDeskDeps;
  readonly breaker: Breaker;
  readonly #tasks = new LRUCache<string, Task>({ max: MAX_TASKS });
  readonly #keys: PremiumKeys;
  readonly #running = new Map<string, number>();

  constructor(deps: PremiumDeskDeps) {
    this.deps = deps;
    this.#keys = new PremiumKeys(deps.digest);
    this.breaker = new Breaker(deps.clock);
  }

  kept(key: string, strategy: PremiumStrategy): CachedPrediction | undefined {
    const { predictions, clock } = this.deps;
    return predictions.find(this.#keys.inIsolate(key, strategy), clock.now());
  }

  async answer(
    story: Story,
    strategy: PremiumStrategy,
    fast: () => MaybePromise<Answer>,
  ): Promise<Answer> {
    const { caching, context } = story;
    const key = this.#keys.inIsolate(story.key, strategy, story.sought.parts.slot);
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
      return this.#join(own, strategy, task, await fast());
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
    let opened = () => {};
    task.opening = new Promise<void>((resolve) => {
      opened = resolve;
    });
    try {
      const answer = await this.#open(story, strategy, task, fast);
      opened();
      return answer.isFinal ? answer.value : this.#settle(story, strategy, task, answer.value);
    } finally {
      task.opening = undefined;
      opened();
    }
  }

  /** Final is what nothing better can come for. */
  async #open(
    story: Story,
    strategy: PremiumStrategy,
    task: Task,
    fast: () => MaybePromise<Answer>,
  ): Promise<{ readonly value: Answer; readonly isFinal: boolean }> {
    const { caching, context } = story;
    const nowMs = context.clock.now();
    const redisKey = await this.#redisKey(story, strategy);
    if (redisKey === undefined && caching.predictions.redis !== undefined) {
      // Of this isolate alone the answer would be another than the one that the others come by.
      this.#tasks.delete(story.key);
      return { value: await fast(), isFinal: true };
    }
    const shared = await this.#look(story, redisKey);
    if (shared !== undefined) {
      if (nowMs >= shared.freshUntilMs) this.#renewLater(story, strategy, shared);
      return { value: ok(hit(story, "redis", shared, true)), isFinal: true };
    }
    const beginning = beginPremium(this, story, strategy, { task, redisKey, newerThanMs: 0 });
    // Both start together; the job is durable before its answer leaves.
    const answering = fast();
    const [answered] = await Promise.all([answering, beginning]);
    return { value: answered, isFinal: false };
  }

  /** Who comes while the first one asks is told of the same job, and races for the same answer. */
  async #join(
    story: Story,
    strategy: PremiumStrategy,
    task: Task,
    answered: Answer,
  ): Promise<Answer> {
    const { caching, context, key } = story;
    if (task.opening !== undefined) {
      const waitMs = 3 * this.deps.settings.redisDeadlineMs;
      const opened = await waitAtMost(context.clock, task.opening, waitMs);
      // The first one is gone: nobody else waits for it.
      if (opened === undefined) task.opening = undefined;
      const kept = caching.predictions.find(key, context.clock.now());
      if (kept !== undefined) return ok(hit(story, "isolate", kept, true));
    }
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
    if (task.landed !== undefined) return ok(arrived(story, task.landed));
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

  /** Where the answer is in Redis, or will be; `undefined` when there is no Redis, or it is silent. */
  async #redisKey(story: Story, strategy: PremiumStrategy): Promise<string | undefined> {
    const { predictions } = story.caching;
    if (predictions.redis === undefined || predictions.redis.isOpen) return undefined;
    const epoch = predictions.epoch ?? (await this.#askEpoch());
    if (epoch === undefined) return undefined;
    return this.#keys.inRedis(story, strategy, epoch);
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
