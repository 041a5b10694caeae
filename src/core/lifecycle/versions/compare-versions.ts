import { parseReference } from "../../model/reference.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { currentDeployment } from "../pointer/current-deployment.ts";
import type { FieldProblem, RegistryFailure } from "../registry-failure.ts";
import { describeVersion, type VersionDescription, versionMeant } from "./describe-version.ts";
import { schemaDifferences } from "./schema-differences.ts";

/** One number that both versions could have, side by side. */
export interface MetricPair {
  readonly name: string;
  readonly a: number | null;
  readonly b: number | null;
  /** b − a; null when one of them has none. */
  readonly difference: number | null;
}

export interface Comparison {
  readonly a: VersionDescription;
  readonly b: VersionDescription;
  readonly same_bytes: boolean;
  /** Whether `b` may follow `a` on an alias, and what would stand in the way. */
  readonly compatible: boolean;
  readonly schema_differences: readonly FieldProblem[];
  readonly metrics: readonly MetricPair[];
  readonly size_bytes: MetricPair;
  readonly peak_memory_bytes: MetricPair;
}

/** Two versions of a model side by side, each a number or an alias. Seven calls. */
export async function compareVersions(
  store: ObjectStore,
  model: string,
  references: readonly [a: string, b: string],
): Promise<Result<Comparison, RegistryFailure>> {
  const deployment = await currentDeployment(store, model);
  if (!deployment.ok) return deployment;
  const sides: VersionDescription[] = [];
  for (const word of references) {
    const reference = parseReference(model, word);
    if (!reference.ok) return reference;
    const version = versionMeant(deployment.value.value, reference.value);
    if (!version.ok) return version;
    const described = await describeVersion(store, deployment.value.value, version.value);
    if (!described.ok) return described;
    sides.push(described.value);
  }
  const [a, b] = sides;
  if (a === undefined || b === undefined) {
    return fail({ reason: "invalid_request", detail: "two versions are compared" });
  }
  return ok(compare(a, b));
}

function compare(a: VersionDescription, b: VersionDescription): Comparison {
  const differences = schemaDifferences(a, b);
  const names = [...new Set([...Object.keys(a.metrics), ...Object.keys(b.metrics)])].sort();
  return {
    a,
    b,
    same_bytes: a.digest === b.digest,
    compatible: differences.length === 0,
    schema_differences: differences,
    metrics: names.map((name) => pair(name, a.metrics[name], b.metrics[name])),
    size_bytes: pair("size_bytes", a.size_bytes, b.size_bytes),
    peak_memory_bytes: pair("peak_memory_bytes", a.peak_memory_bytes, b.peak_memory_bytes),
  };
}

function pair(name: string, a: unknown, b: unknown): MetricPair {
  const [left, right] = [numberOf(a), numberOf(b)];
  const difference = left === null || right === null ? null : right - left;
  return { name, a: left, b: right, difference };
}

const numberOf = (value: unknown): number | null => (typeof value === "number" ? value : null);
