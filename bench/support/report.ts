import { mkdir, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { median, round } from "./statistics.ts";

/** One contender of a scenario: its measured values in the order of the rounds. */
export interface Contender {
  readonly name: string;
  readonly values: readonly number[];
}

export interface ScenarioResult {
  readonly scenario: string;
  readonly unit: "requests/s" | "ms";
  /** Whom the ratios are against. */
  readonly baseline: string;
  readonly contenders: readonly Contender[];
  /** What was done, in a line. */
  readonly how: string;
}

const RESULTS = join(import.meta.dirname, "..", "results");

/** Writes a scenario's values as JSON, and answers its Markdown table. */
export async function report(result: ScenarioResult): Promise<string> {
  const machine = { cpu: cpus()[0]?.model.trim(), cores: cpus().length, node: process.version };
  const summary = result.contenders.map((contender) => summarize(result, contender));
  const json = { ...result, measured_at: new Date().toISOString(), machine, summary };
  await mkdir(RESULTS, { recursive: true });
  await writeFile(join(RESULTS, `${result.scenario}.json`), `${JSON.stringify(json, null, 2)}\n`);
  return table(result, summary);
}

interface Summary {
  readonly name: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly ratio: number;
}

function summarize({ contenders, baseline }: ScenarioResult, { name, values }: Contender): Summary {
  const against = contenders.find((contender) => contender.name === baseline)?.values ?? [];
  return {
    name,
    median: round(median(values), 2),
    min: round(Math.min(...values), 2),
    max: round(Math.max(...values), 2),
    // Rounds are interleaved: each is compared with its neighbour, so a slow minute hits both.
    ratio: round(median(values.map((value, index) => value / (against[index] ?? Number.NaN))), 3),
  };
}

function table(
  { scenario, unit, baseline, how }: ScenarioResult,
  summary: readonly Summary[],
): string {
  const rows = summary.map(
    ({ name, median: middle, min, max, ratio }) =>
      `| ${name} | ${middle} | ${min} – ${max} | ${ratio} |`,
  );
  return [
    `### ${scenario}`,
    "",
    how,
    "",
    `| | median ${unit} | range | against ${baseline} |`,
    "|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}
