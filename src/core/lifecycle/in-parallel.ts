import type { Result } from "../model/result.ts";

/** Workers wait for the headers of six connections at once; one is left for requests. */
const PARALLEL_CALLS = 5;

/** Does `work` for every item, a few at once, and answers in their order. The first failure ends it. */
export async function inParallel<T, V, F>(
  items: readonly T[],
  work: (item: T) => Promise<Result<V, F>>,
  atOnce: number = PARALLEL_CALLS,
): Promise<Result<readonly V[], F>> {
  const values: V[] = [];
  for (let start = 0; start < items.length; start += atOnce) {
    const batch = await Promise.all(items.slice(start, start + atOnce).map(work));
    for (const outcome of batch) {
      if (!outcome.ok) return outcome;
      values.push(outcome.value);
    }
  }
  return { ok: true, value: values };
}
