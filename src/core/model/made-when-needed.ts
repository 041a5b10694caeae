import * as z from "zod/mini";
import { wordIssue } from "./word-issue.ts";

/**
 * A schema that is made when there first is something to hold to it: for large parts of documents
 * that most documents lack, since a cold start pays for every schema that is made.
 */
export function madeWhenNeeded<T>(make: () => z.ZodMiniType<T>) {
  let made: z.ZodMiniType<T> | undefined;
  return z.pipe(
    z.unknown(),
    z.transform((value: unknown, { issues }) => {
      made ??= make();
      const parsed = made.safeParse(value, { error: wordIssue });
      if (parsed.success) return parsed.data;
      for (const { path, message } of parsed.error.issues) {
        issues.push({ code: "custom", path: [...path], message, input: value });
      }
      return z.NEVER;
    }),
  );
}
