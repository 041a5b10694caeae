import { ok, type Result } from "../../model/result.ts";
import type { Events } from "../../ports/events.ts";
import type { SignatureDeps, SignatureFailure } from "./check-signature.ts";

/** What becomes of a version whose signature is missing or not good. */
export const SIGNATURE_POLICIES = ["off", "warn", "require"] as const;

export type SignaturePolicy = (typeof SIGNATURE_POLICIES)[number];

export interface SignatureRules extends SignatureDeps {
  readonly policy: SignaturePolicy;
  readonly events: Events;
}

export interface SignedThing {
  readonly model: string;
  /** Missing while it is being published. */
  readonly version?: string | undefined;
  /** SHA-256 of the bytes, lower-case hex. */
  readonly digest: string;
  readonly signature: unknown;
}

/**
 * Holds a version to the policy: `off` looks at nothing, `warn` tells and lets it through,
 * `require` refuses. Without rules the policy is `off`.
 */
export async function applySignaturePolicy(
  rules: SignatureRules | undefined,
  { model, version, digest, signature }: SignedThing,
): Promise<Result<undefined, SignatureFailure>> {
  if (rules === undefined || rules.policy === "off") return ok(undefined);
  // Not imported but where somebody asks for it: a cold start waits for every kilobyte.
  const { checkSignature } = await import("./check-signature.ts");
  const checked = await checkSignature(rules, signature, digest);
  if (checked.ok || rules.policy === "require") return checked;
  const { reason, detail } = checked.failure;
  const which = version === undefined ? {} : { version };
  rules.events.emit({ kind: "signature_unverified", model, ...which, digest, reason, detail });
  return ok(undefined);
}
