import * as z from "zod/mini";
import type { Result } from "../core/model/result.ts";
import { PUBLIC_SCOPES } from "../core/model/scope.ts";

export const text = () => z.string().check(z.trim());

/** Must be there. */
export const required = (what: string) => text().check(z.minLength(1), z.describe(what));

/** A setting with a default; `what` is its documentation. */
export const setting = <T extends z.core.SomeType>(
  what: string,
  schema: T,
  fallback: z.core.util.NoUndefined<z.output<T>>,
) => z._default(schema, fallback).check(z.describe(what));

export const optional = (what: string) => setting(what, text(), "");

/** A whole number written in an environment variable. */
export const whole = (what: string, fallback: number, min: number, max = Number.MAX_SAFE_INTEGER) =>
  setting(
    what,
    z.pipe(
      z.pipe(
        text().check(z.regex(/^\d+$/, "must be a whole number")),
        z.transform((digits: string) => Number(digits)),
      ),
      z
        .number()
        .check(z.refine((value) => value >= min && value <= max, `must be from ${min} to ${max}`)),
    ),
    fallback,
  );

/** A switch written in an environment variable. */
export const flag = (what: string, fallback: boolean) =>
  setting(
    what,
    z.pipe(
      z.pipe(
        text(),
        z.transform((word: string) => word.toLowerCase()),
      ),
      z.pipe(
        z.enum(["true", "false", "1", "0", "on", "off"], "must be true or false"),
        z.transform((word) => word === "true" || word === "1" || word === "on"),
      ),
    ),
    fallback,
  );

export const url = text().check(
  z.regex(/^https?:\/\/[^\s/?#]+(\/[^\s?#]*)?$/, "must be an http(s) URL without query"),
);

export const scopes = z.pipe(
  z.pipe(
    z.string(),
    z.transform((list: string) =>
      list
        .split(",")
        .map((word) => word.trim())
        .filter((word) => word !== ""),
    ),
  ),
  z.array(z.enum(PUBLIC_SCOPES, `must be a comma-separated list of ${PUBLIC_SCOPES.join(", ")}`)),
);

/** What a parser makes of a text; its failure's detail is the message. */
export const parsedBy = <T>(parse: (text: string) => Result<T, { readonly detail: string }>) =>
  z.pipe(
    z.string(),
    z.transform((text: string, { issues }) => {
      const parsed = parse(text);
      if (parsed.ok) return parsed.value;
      issues.push({ code: "custom", message: parsed.failure.detail, input: text });
      return z.NEVER;
    }),
  );
