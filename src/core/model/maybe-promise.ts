/** A value that may be there already: what need not wait then does not. */
export type MaybePromise<T> = T | Promise<T>;
