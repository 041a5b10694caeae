/** Ids that a test can tell beforehand: `id-1`, `id-2` and so on. */
export function countingIds(prefix = "id"): () => string {
  let ids = 0;
  return () => {
    ids += 1;
    return `${prefix}-${ids}`;
  };
}
