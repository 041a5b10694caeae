import * as z from "zod/mini";
import { isObject } from "./is-object.ts";

/** JSON objects whose keys are names that people chose, such as those of classes. */
export type Named<T> = Readonly<Record<string, T>>;

/**
 * Finite numbers by name, given on as they are. `z.record` makes a copy that leaves `__proto__`
 * out, and a class may well be called so.
 */
export const namedNumbers = z.custom<Named<number>>(
  (value) => isObject(value) && Object.values(value).every(Number.isFinite),
  "must be an object of numbers",
);

/** Values by name, in an object that inherits nothing: a class called `constructor` that is not there is not. */
export const namedValues = z.pipe(
  z.custom<Named<unknown>>(isObject, "must be an object"),
  z.transform(
    (values: Named<unknown>) => Object.assign(Object.create(null), values) as typeof values,
  ),
);
