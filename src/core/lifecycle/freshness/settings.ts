import type { Deployment } from "../../model/deployment.ts";

/** When a deployment is checked again, and what becomes of one that cannot be. Milliseconds. */
export interface FreshnessSettings {
  readonly checkFreshness: boolean;
  readonly revalidateMs: number;
  readonly maxStaleMs: number;
  readonly strictFreshness: boolean;
}

/**
 * Whether a model's pointer is followed: looked at without anybody asking for it. One that is not
 * known here is.
 */
export const isFollowed = (
  settings: FreshnessSettings,
  deployment: Pick<Deployment, "policy"> | undefined,
): boolean => deployment === undefined || effectiveFreshness(settings, deployment).checkFreshness;

/** The Worker's settings with what the deployment itself says over them. */
export function effectiveFreshness(
  settings: FreshnessSettings,
  { policy }: Pick<Deployment, "policy">,
): FreshnessSettings {
  if (policy === undefined) return settings;
  return {
    checkFreshness: policy.check_freshness ?? settings.checkFreshness,
    revalidateMs: policy.revalidate_ms ?? settings.revalidateMs,
    maxStaleMs: policy.max_stale_ms ?? settings.maxStaleMs,
    strictFreshness: policy.strict_freshness ?? settings.strictFreshness,
  };
}
