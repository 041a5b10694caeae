import { mkdir, readFile, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import type { Requirement, ScenarioResult } from "./result.ts";
import { isMet, type Summary, summarize } from "./summary.ts";

/** A scenario's results as they are kept. */
export interface Report {
  readonly scenario: string;
  readonly unit: string;
  readonly how: string;
  readonly requirement?: Requirement;
  readonly met: boolean;
  readonly summary: readonly Summary[];
  readonly measured_at: string;
  readonly command: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly node: string };
}

const RESULTS = join(import.meta.dirname, "..", "results");

/**
 * Writes a scenario's values and summary as JSON. A quick run proves nothing: its file
 * stays out of the repository and out of the table.
 */
export async function saveReport(
  result: ScenarioResult,
  { command, quick }: { readonly command: string; readonly quick: boolean },
): Promise<Report> {
  const summary = summarize(result);
  const report = {
    ...result,
    met: isMet(summary, result.requirement),
    summary,
    measured_at: new Date().toISOString(),
    command,
    machine: {
      cpu: cpus()[0]?.model.trim() ?? "unknown",
      cores: cpus().length,
      node: process.version,
    },
  };
  await mkdir(RESULTS, { recursive: true });
  const file = `${result.scenario}${quick ? ".tmp" : ""}.json`;
  await writeFile(join(RESULTS, file), `${JSON.stringify(report, null, 2)}\n`);
  return report;
}

/** Writes the page of all kept results, whichever run they are of. */
export async function writeResultsPage(scenarios: readonly string[]): Promise<void> {
  const tables: string[] = [];
  for (const scenario of scenarios) {
    const report = await readReport(scenario);
    if (report !== undefined) tables.push(renderReport(report));
  }
  const head =
    "# Results\n\nWritten by `npm run bench`; [docs/benchmarks.md](../../docs/benchmarks.md) says what each scenario means and what it does not.\n";
  await writeFile(join(RESULTS, "README.md"), [head, ...tables].join("\n"));
}

async function readReport(scenario: string): Promise<Report | undefined> {
  const text = await readFile(join(RESULTS, `${scenario}.json`), "utf8").catch(() => undefined);
  return text === undefined ? undefined : JSON.parse(text);
}

/** One scenario in Markdown. */
export function renderReport(report: Report): string {
  const { scenario, how, machine, measured_at, command } = report;
  const columns = Object.keys(report.summary[0]?.details ?? {});
  const head = ["", `median ${report.unit}`, "range", ...columns, "ratio"];
  return [
    `## ${scenario}`,
    "",
    how,
    "",
    `| ${head.join(" | ")} |`,
    `|${head.map(() => "---|").join("")}`,
    ...report.summary.map((row) => renderRow(row, columns)),
    "",
    ...renderRequirement(report),
    `Measured ${measured_at.slice(0, 16).replace("T", " ")} UTC by \`${command}\` on ${machine.cores} × ${machine.cpu}, Node ${machine.node}.`,
    "",
  ].join("\n");
}

function renderRow(row: Summary, columns: readonly string[]): string {
  const details = columns.map((column) => row.details[column] ?? "");
  const ratio = row.ratio === undefined ? "" : `${row.ratio} of ${row.against}`;
  return `| ${[row.name, row.median, `${row.min} – ${row.max}`, ...details, ratio].join(" | ")} |`;
}

function renderRequirement({ requirement, met }: Report): readonly string[] {
  if (requirement === undefined) return [];
  const { contender, is, ratio } = requirement;
  return [`Required of ${contender}: ${is} ${ratio}. ${met ? "Met." : "**Missed.**"}`, ""];
}
