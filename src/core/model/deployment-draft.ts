import * as z from "zod/mini";
import { batchingFields, cacheFields, recordFields, switchFields, warm } from "./deployment.ts";
import { premiumDraft } from "./strategies.ts";

/**
 * What of a deployment is a caller's to set besides its routes: strict, as a misspelt setting would
 * have no effect. `null` takes a setting out.
 */
export const deploymentSettingsDraft = {
  cache: z.nullish(z.strictObject(cacheFields())),
  policy: z.nullish(z.strictObject(switchFields())),
  warm: z.nullable(warm),
  strategies: z.nullish(
    z.strictObject({
      premium: z.optional(premiumDraft()),
      fast: z.optional(z.never("'fast' is the route itself: set it by 'aliases'")),
    }),
  ),
  record: z.nullish(z.strictObject(recordFields())),
  batching: z.nullish(z.strictObject(batchingFields())),
};
