/** One statistic of Triton's statistics extension: how often, and for how long in nanoseconds. */
export interface DurationStatistic {
  count: number;
  ns: number;
}

/** What one isolate has seen of one version. Times stand still in deployed Workers while code computes. */
export interface VersionStatistics {
  readonly model: string;
  readonly version: string;
  /** Milliseconds since 1970. */
  lastInferenceMs: number;
  inferenceCount: number;
  executionCount: number;
  readonly success: DurationStatistic;
  readonly fail: DurationStatistic;
  readonly computeInfer: DurationStatistic;
}

const NS_PER_MS = 1_000_000;

/** Counts per version, for as long as the isolate lives. Bounded by the versions that were loaded in it. */
export class StatisticsBook {
  readonly #pages = new Map<string, VersionStatistics>();

  /** Counts one answered request of `rows` inferences. */
  succeeded(
    page: VersionStatistics,
    what: {
      readonly rows: number;
      readonly totalMs: number;
      readonly runMs: number;
      readonly nowMs: number;
    },
  ): void {
    page.lastInferenceMs = what.nowMs;
    page.inferenceCount += what.rows;
    page.executionCount += 1;
    count(page.success, what.totalMs);
    count(page.computeInfer, what.runMs);
  }

  failed(page: VersionStatistics, totalMs: number): void {
    count(page.fail, totalMs);
  }

  page(model: string, version: string): VersionStatistics {
    const key = `${model}@${version}`;
    let page = this.#pages.get(key);
    if (page === undefined) {
      page = blank(model, version);
      this.#pages.set(key, page);
    }
    return page;
  }

  all(): readonly VersionStatistics[] {
    return [...this.#pages.values()];
  }
}

function count(statistic: DurationStatistic, ms: number): void {
  statistic.count += 1;
  statistic.ns += ms * NS_PER_MS;
}

const blank = (model: string, version: string): VersionStatistics => ({
  model,
  version,
  lastInferenceMs: 0,
  inferenceCount: 0,
  executionCount: 0,
  success: { count: 0, ns: 0 },
  fail: { count: 0, ns: 0 },
  computeInfer: { count: 0, ns: 0 },
});
