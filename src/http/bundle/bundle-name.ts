import { z } from "@hono/zod-openapi";
import type { RegistryFailure } from "../../core/lifecycle/registry-failure.ts";
import { isBundleName } from "../../core/model/bundle.ts";
import { fail, ok, type Result } from "../../core/model/result.ts";
import type { AppContext } from "../app-env.ts";

export const bundleParams = z.object({
  bundle: z.string().openapi({ description: "Bundle name.", example: "flowers" }),
});

/** The bundle that a path names. */
export function bundleNameOf(c: AppContext): Result<string, RegistryFailure> {
  const name = c.req.param("bundle") ?? "";
  if (isBundleName(name)) return ok(name);
  return fail({
    reason: "bad_reference",
    detail: `'${name.slice(0, 60)}' is not a bundle name: a letter or digit, then up to 127 letters, digits, '.', '_' or '-'`,
  });
}
