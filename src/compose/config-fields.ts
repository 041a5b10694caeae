import * as z from "zod/mini";
import type { Result } from "../core/model/result.ts";
import { PUBLIC_SCOPES } from "../core/model/scope.ts";

/**
 * One setting, from the environment variable of its name. Its schema is made when there is a text
 * to hold to it: a cold start pays for every schema, and most settings are left as they come.
 */
export interface Setting<T> {
  /** Its documentation. */
  readonly what: string;
  /** What it is where it is not set; missing: it must be. */
  readonly fallback?: T;
  readonly schema: () => z.ZodMiniType<T>;
}

export const setting = <T>(
  what: string,
  schema: () => z.ZodMiniType<T>,
  fallback: NoInfer<T>,
): Setting<T> => ({ what, schema, fallback });

/** Must be there. */
export const required = (what: string, schema = someText): Setting<string> => ({ what, schema });

export const optional = (what: string) => setting(what, text, "");

/** A whole number written in an environment variable. */
export const whole = (what: string, fallback: number, min: number, max = Number.MAX_SAFE_INTEGER) =>
  setting(
    what,
    () =>
      z.pipe(
        z.pipe(
          text().check(z.regex(/^\d+$/, "must be a whole number")),
          z.transform((digits: string) => Number(digits)),
        ),
        z
          .number()
          .check(
            z.refine((value) => value >= min && value <= max, `must be from ${min} to ${max}`),
          ),
      ),
    fallback,
  );

/** A switch written in an environment variable. */
export const flag = (what: string, fallback: boolean) =>
  setting(
    what,
    () =>
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

export const text = () => z.string().check(z.trim());

const someText = () => text().check(z.minLength(1));

const URL_MESSAGE = "must be an http(s) URL without query";

export const url = () => text().check(z.regex(/^https?:\/\/[^\s/?#]+(\/[^\s?#]*)?$/, URL_MESSAGE));

export const urlOrNone = () => z.union([url(), z.literal("")], URL_MESSAGE);

/** What is put before every key of a bucket. */
export const keyPrefix = () =>
  text().check(z.regex(/^([^/].*\/)?$/, "must end with '/' and not begin with one"));

export const scopes = () =>
  z.pipe(
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
export const parsedBy =
  <T>(parse: (text: string) => Result<T, { readonly detail: string }>) =>
  () =>
    z.pipe(
      z.string(),
      z.transform((text: string, { issues }) => {
        const parsed = parse(text);
        if (parsed.ok) return parsed.value;
        issues.push({ code: "custom", message: parsed.failure.detail, input: text });
        return z.NEVER;
      }),
    );
