import type { PremiumStrategy } from "../../model/strategies.ts";

/** The attempts that run in this isolate: without a queue a strategy's limit holds in it alone. */
export class PremiumPlaces {
  readonly #running = new Map<string, number>();

  /** False when as many run for the model as the strategy allows. */
  take({ max_concurrency }: PremiumStrategy, model: string): boolean {
    const running = this.#running.get(model) ?? 0;
    if (running >= max_concurrency) return false;
    this.#running.set(model, running + 1);
    return true;
  }

  leave(model: string): void {
    const running = (this.#running.get(model) ?? 1) - 1;
    if (running > 0) this.#running.set(model, running);
    else this.#running.delete(model);
  }
}
