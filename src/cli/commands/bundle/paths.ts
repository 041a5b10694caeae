import { isBundleName } from "../../../core/model/bundle.ts";
import { usageFailure } from "../../failure.ts";

export const BUNDLES = "/v1/bundles";

/** The path of a bundle, or of what is done with it. @throws CliFailure */
export function bundlePath(name: string, ...below: readonly string[]): string {
  if (!isBundleName(name)) {
    throw usageFailure(
      `'${name}' is not a bundle name: a letter or digit, then letters, digits, '.', '_' or '-'`,
    );
  }
  return [BUNDLES, encodeURIComponent(name), ...below].join("/");
}
