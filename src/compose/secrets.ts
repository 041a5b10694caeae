import type { SecretOf } from "../adapters/remote/check-strategy.ts";
import { isObject } from "../core/model/is-object.ts";
import { SECRET_NAME } from "../core/model/strategies.ts";

/**
 * The secrets that deployments may name: those of the environment whose names begin
 * FRESHET_SECRET_, and no others, whatever is asked for. They stay where they are until then.
 */
export const secretsIn =
  (env: unknown): SecretOf =>
  (name) => {
    const value = SECRET_NAME.test(name) && isObject(env) ? env[name] : undefined;
    return typeof value === "string" ? value : undefined;
  };
