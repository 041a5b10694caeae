/** A value that may be there already: what need not wait then does not. */
export type MaybePromise<T> = T | Promise<T>;

/** What follows a value: at once when it is there. */
export const andThen = <T, U>(
  value: MaybePromise<T>,
  next: (value: T) => MaybePromise<U>,
): MaybePromise<U> => (value instanceof Promise ? value.then(next) : next(value));
