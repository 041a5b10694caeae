import { isVersion } from "./reference.ts";

/** What computed an answer. */
export interface Computed {
  readonly model: string;
  readonly version: string;
  /** Of its bytes; empty when they are elsewhere. */
  readonly digest: string;
}

/**
 * The version that an answer counts as among those of the model that was asked: the number, where
 * one of its own computed it, else `other@2`, or `name@version` by a remote's own words. No version
 * of a model here has an `@`, so that nothing is taken for one of them, not even a remote that goes
 * by the model's own name.
 */
export const computedVersion = (asked: string, { model, version, digest }: Computed): string =>
  model === asked && digest !== "" ? version : `${model}@${version}`;

const OTHERS = /^[\x20-\x7e]{1,128}@[\x20-\x7e]{1,128}$/;

/** Whether a record may have this as its version. */
export const isComputedVersion = (text: string): boolean => isVersion(text) || OTHERS.test(text);

/**
 * The version of the model that was asked whose classes an answer has: the one on its route, where
 * another model computed it, which is believed only in the same classes.
 */
export const versionOfClasses = ({
  version,
  route,
}: {
  readonly version: string;
  readonly route: string;
}): string => (version.includes("@") ? route.slice(route.lastIndexOf(":") + 1) : version);
