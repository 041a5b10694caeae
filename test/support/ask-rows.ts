import { parseReferenceWord } from "../../src/core/model/reference.ts";
import {
  type OpenRows,
  openRows,
  type RowsRequest,
} from "../../src/core/predict/rows/open-rows.ts";
import { predictRows, type RowResult } from "../../src/core/predict/rows/predict-rows.ts";
import { putDeployment, putVersion } from "./publish.ts";
import type { TestCore } from "./test-core.ts";

/** A model of the fake engine with two named features: the answer is their sum and the first byte. */
export async function publishSums(
  core: TestCore,
  manifest: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const features = ["a", "b"].map((name) => ({ name, dtype: "float32" }));
  for (const version of ["1", "2"]) {
    const bytes = Uint8Array.of(Number(version));
    const facts = { task: "regression", features, ...manifest };
    await putVersion(core.bucket, "sums", version, bytes, facts);
  }
  await putDeployment(core.bucket, "sums", 1, {
    production: { "1": 100 },
    both: { "1": 50, "2": 50 },
  });
}

export async function openSums(
  core: TestCore,
  word = "sums",
  changes: Partial<RowsRequest> = {},
): Promise<OpenRows> {
  const reference = parseReferenceWord(word);
  if (!reference.ok) throw new Error(reference.failure.detail);
  const opened = await openRows(core.deps, core.context, {
    reference: reference.value,
    stickiness: () => ({ random: () => 0 }),
    cacheWish: "any",
    keeps: true,
    ...changes,
  });
  if (!opened.ok) throw new Error(opened.failure.detail);
  return opened.value;
}

/** Asks for rows in one go. */
export async function askRows(
  core: TestCore,
  rows: readonly unknown[],
  changes: Partial<RowsRequest> = {},
): Promise<readonly RowResult[]> {
  const open = await openSums(core, "sums", changes);
  const reading = { first: 0, form: "rows", ignoresUnknown: false, isText: false } as const;
  return (await predictRows(core.deps, core.context, open, rows, reading)).results;
}

/** A result in a word: its value, `kept` behind one that needed no run, or why there is none. */
export function inWord(result: RowResult): string {
  if (!result.ok) return "error" in result ? result.error.code : result.failure.reason;
  return `${result.answer.value}${result.tier === "none" ? "" : " kept"}`;
}
