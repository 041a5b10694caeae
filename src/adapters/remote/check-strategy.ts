import { ok, type Result } from "../../core/model/result.ts";
import { type ChatStrategy, type OipStrategy, SECRET_NAME } from "../../core/model/strategies.ts";
import type { RemoteFailure, RemoteModels } from "../../core/ports/remote-models.ts";
import { type AddressRules, checkAddress } from "./check-address.ts";
import { remoteFailure } from "./failures.ts";

/** The value of a secret by its name; `undefined` when it is not set. */
export type SecretOf = (name: string) => string | undefined;

/** Where a strategy's requests go and what opens the door there. */
export interface Target {
  readonly url: URL;
  /** Of the Authorization header; missing for a strategy without a secret. */
  readonly bearer: string | undefined;
}

/** What a header can carry: another value would make the platform's error repeat it. */
const TOKEN = /^[\x21-\x7e]{1,8192}$/;

/** Whether the configuration lets a deployment name this strategy. No I/O. */
export function checkStrategy(
  rules: AddressRules,
  secretOf: SecretOf,
  { url: text, secret }: Pick<OipStrategy | ChatStrategy, "url" | "secret">,
): Result<Target, RemoteFailure> {
  const url = checkAddress(rules, text);
  if (!url.ok) return url;
  if (secret === undefined) return ok({ url: url.value, bearer: undefined });
  if (!SECRET_NAME.test(secret)) return missing("the secret's name does not begin FRESHET_SECRET_");
  const value = secretOf(secret);
  if (value === undefined || value === "") return missing(`${secret} is not set`);
  if (!TOKEN.test(value)) return missing(`${secret} holds what no header can carry`);
  return ok({ url: url.value, bearer: value });
}

/** The port's `check` by these rules. */
export const checkBy =
  (rules: AddressRules, secretOf: SecretOf): RemoteModels["check"] =>
  (strategy) => {
    const target = checkStrategy(rules, secretOf, strategy);
    return target.ok ? ok(undefined) : target;
  };

const missing = (detail: string) => remoteFailure("remote_secret_missing", detail, false);
