import { auditHeadKey, auditPrefix } from "../../model/keys.ts";
import { isModelName } from "../../model/reference.ts";

/**
 * What an object of the registry is to a backup.
 * - `bytes`: of a version; never change, and are proved by the manifest's digest.
 * - `once`: written once and never changed.
 * - `changing`: small documents that are replaced by compare-and-swap.
 * - `pointer`: a model's deployment; goes last.
 * - `passing`: not kept: an upload that is under way, the head of the audit.
 */
export type KeyKind = "bytes" | "once" | "changing" | "pointer" | "passing";

/** Prefixes that are backed up, in key order. */
export const BACKED_UP = ["audit/", "bundles/", "models/"] as const;

export function kindOf(key: string): KeyKind {
  const [, rest] = /^models\/[^/]+\/(.+)$/s.exec(key) ?? [];
  // The audit's head is its newest entry once more: a restore makes it anew.
  if (key === auditHeadKey) return "passing";
  if (rest === undefined) return key.startsWith(auditPrefix) ? "once" : "changing";
  if (rest === "deployment.json") return "pointer";
  if (rest.startsWith("uploads/")) return "passing";
  if (/^versions\/[^/]+\/model\.onnx$/.test(rest)) return "bytes";
  return /^history\/|^versions\/[^/]+\/(manifest|tombstone)\.json$/.test(rest)
    ? "once"
    : "changing";
}

/** The version an object belongs to. */
export const versionOf = (key: string): string | undefined =>
  /^models\/[^/]+\/versions\/([^/]+)\//.exec(key)?.[1];

/** The model a group is of. */
export const modelOf = (group: string): string | undefined =>
  /^models\/([^/]+)\/$/.exec(group)?.[1];

/**
 * The folder whose objects are compared together: a model, a day of the audit, all bundles.
 * `undefined` for what is no part of a registry. Groups follow one another as their keys do.
 */
export function groupOf(key: string): string | undefined {
  if (key === auditHeadKey) return undefined;
  if (!key.startsWith("models/")) return key.slice(0, key.lastIndexOf("/") + 1);
  const [, model] = /^models\/([^/]+)\//.exec(key) ?? [];
  return model !== undefined && isModelName(model) ? `models/${model}/` : undefined;
}
