/** Park–Miller: the same requests on every machine. */
export function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** Ranks from 0, the nth asked for in proportion to 1/n. */
export function createZipf(size: number, random: () => number): () => number {
  const edges: number[] = [];
  let sum = 0;
  for (let rank = 1; rank <= size; rank += 1) {
    sum += 1 / rank;
    edges.push(sum);
  }
  return () => {
    const at = random() * sum;
    let low = 0;
    let high = size - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((edges[middle] ?? 0) < at) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

/** Hits of an LRU of so many entries, by a Map that keeps the order of its keys. */
export function referenceHits(asked: readonly number[], capacity: number): number {
  const kept = new Map<number, true>();
  let hits = 0;
  for (const one of asked) {
    if (kept.delete(one)) hits += 1;
    kept.set(one, true);
    if (kept.size > capacity) kept.delete(kept.keys().next().value ?? -1);
  }
  return hits;
}
