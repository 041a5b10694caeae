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
  /** Requests answered by a kept prediction, and those that looked for one in vain. */
  readonly cacheHit: DurationStatistic;
  readonly cacheMiss: DurationStatistic;
}

interface Answered {
  readonly totalMs: number;
  readonly nowMs: number;
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

  /** Counts a run that made a stale prediction anew: nobody asked for it. */
  renewed(
    page: VersionStatistics,
    { rows, runMs }: { readonly rows: number; readonly runMs: number },
  ): void {
    page.inferenceCount += rows;
    page.executionCount += 1;
    count(page.computeInfer, runMs);
  }

  /** Counts a request answered by a kept prediction: a success without inference or execution, as Triton counts. */
  hit(page: VersionStatistics, what: Answered): void {
    this.joined(page, what);
    count(page.cacheHit, what.totalMs);
  }

  /**
   * Counts a request answered by the run of another one.
   * @param what with `runMs` where that run was made for this request, too
   */
  joined(
    page: VersionStatistics,
    { totalMs, nowMs, runMs }: Answered & { readonly runMs?: number },
  ): void {
    page.lastInferenceMs = nowMs;
    count(page.success, totalMs);
    if (runMs !== undefined) count(page.computeInfer, runMs);
  }

  /** Counts a look for a kept prediction that found none; the run is counted apart. */
  missed(page: VersionStatistics, totalMs: number): void {
    count(page.cacheMiss, totalMs);
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
  cacheHit: { count: 0, ns: 0 },
  cacheMiss: { count: 0, ns: 0 },
});
