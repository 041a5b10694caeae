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
import { beginPremium } from "./begin-premium.ts";
import { PremiumInRedis } from "./premium-in-redis.ts";
import { PremiumKeys } from "./premium-keys.ts";
import { PremiumPlaces } from "./premium-places.ts";
import { type Desk, newTask, type PremiumDeskDeps, type Task } from "./premium-task.ts";
import { renewLater } from "./renew-premium.ts";

type Answer = Result<Inference, ServeFailure>;

const MAX_TASKS = 2_000;
/** At the least: a fast answer may be fresh for no time at all. */
const PAUSE_MS = 10_000;
/** Doubled up to this: a premium that never answers must not have every hot input looked up each second. */
const MAX_LOOK_MS = 30_000;

/**
 * Gives the better answer where there is one, and sees to it that there will be one. What it knows
 * is the isolate's: the durable part is in the queue, the answers are in the caches.
 */
export class PremiumDesk implements Premium, Desk {
  readonly deps: PremiumDeskDeps;
  readonly breaker: Breaker;
  readonly places = new PremiumPlaces();
  readonly #tasks = new LRUCache<string, Task>({ max: MAX_TASKS });
  readonly #keys: PremiumKeys;
  readonly #inRedis: PremiumInRedis;

  constructor(deps: PremiumDeskDeps) {
    this.deps = deps;
    this.#keys = new PremiumKeys({
      digest: deps.digest,
      deploymentOf: (model) => deps.predictions.deploymentOf(model),
      finder: deps.serve.finder,
      deadlineMs: deps.settings.redisDeadlineMs,
    });
    this.breaker = new Breaker(deps.clock);
    this.#inRedis = new PremiumInRedis({
      epoch: deps.epoch,
      settings: deps.settings,
      keys: this.#keys,
      breaker: this.breaker,
      onFound: (key) => this.#tasks.delete(key),
    });
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
      if (now >= kept.freshUntilMs) renewLater(this, this.#inRedis, own, strategy, kept);
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
    const task = newTask({ generation, untilMs, nowMs });
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
    const redisKey = await this.#inRedis.keyOf(story, strategy);
    if (redisKey === undefined && caching.predictions.redis !== undefined) {
      // Of this isolate alone the answer would be another than the one that the others come by.
      this.#tasks.delete(story.key);
      return { value: await fast(), isFinal: true };
    }
    const shared = await this.#inRedis.find(story, redisKey, strategy);
    if (shared !== undefined) {
      if (nowMs >= shared.freshUntilMs) renewLater(this, this.#inRedis, story, strategy, shared);
      return { value: ok(hit(story, "redis", shared, true)), isFinal: true };
    }
    // What was cleared here is no answer, though Redis may hold it still.
    const newerThanMs = Math.max(0, caching.predictions.clearedAtMs(story.sought.version) + 1);
    const beginning = beginPremium(this, story, strategy, { task, redisKey, newerThanMs });
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

  /** Another isolate, or the cron, may have it by now: Redis is asked, behind the request. */
  #lookAgain(story: Story, strategy: PremiumStrategy, task: Task): void {
    const { context } = story;
    const nowMs = context.clock.now();
    if (task.flight !== undefined || nowMs - task.lookedAtMs < task.lookPauseMs) return;
    task.lookedAtMs = nowMs;
    task.lookPauseMs = Math.min(2 * task.lookPauseMs, MAX_LOOK_MS);
    const look = async () => {
      const redisKey = await this.#inRedis.keyOf(story, strategy);
      return this.#inRedis.find(story, redisKey, strategy);
    };
    context.background.keep(look().catch(() => undefined));
  }
}
