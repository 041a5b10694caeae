import { fail, type Result } from "../model/result.ts";
import type { Clock } from "../ports/clock.ts";
import type { SharedCacheFailure } from "../ports/shared-cache.ts";
import { Breaker } from "./breaker.ts";

type Answer<T> = Promise<Result<T, SharedCacheFailure>>;

/**
 * Lets questions through to a Redis that answers, and refuses them at once, as `paused`, while it
 * is silent: after three in a row without an answer in their time, until one has come through
 * again. One for all that is asked with deadlines of seconds; the prediction cache, whose deadline
 * a healthy Redis may miss, has a breaker of its own. A refusal is an answer: nobody waited for it,
 * and what is asked next may be taken. What was refused here has not been done.
 */
export class RedisGuard {
  readonly #breaker: Breaker;

  constructor(clock: Pick<Clock, "now">) {
    this.#breaker = new Breaker(clock);
  }

  /** @param question carries a deadline of its own, and never rejects */
  async ask<T>(question: () => Answer<T>): Answer<T> {
    if (!this.#breaker.mayAsk()) return this.#paused();
    const answer = await question();
    if (!answer.ok && answer.failure.reason === "unreachable") this.#breaker.failed();
    else this.#breaker.succeeded();
    return answer;
  }

  #paused(): Result<never, SharedCacheFailure> {
    const { retryAfterMs } = this.#breaker;
    const detail = `not asked: it gave no answer three times in a row; again in ${retryAfterMs} ms`;
    return fail({ reason: "paused", detail, retryAfterMs });
  }
}
