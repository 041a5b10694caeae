/** A promise that a test opens or breaks by hand. */
export interface Gate<T> {
  readonly opened: Promise<T>;
  open(value: T): void;
  fail(error: Error): void;
}

export function createGate<T>(): Gate<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  promise.catch(() => undefined);
  return { opened: promise, open: resolve, fail: reject };
}
