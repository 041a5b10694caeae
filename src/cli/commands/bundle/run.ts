import type { Command } from "commander";
import { bundleLoadedSchema, bundleSchema } from "../../client/bundle-answers.ts";
import { addCommand, withContext } from "../../command.ts";
import type { Context, Terminal } from "../../context.ts";
import { renderTable } from "../../output/table.ts";
import { formatBytes, formatMs, plural } from "../../output/units.ts";
import { failIfAny } from "./fail-if-any.ts";
import { bundlePath } from "./paths.ts";
import { predict } from "./predict.ts";

/** `bundle load` and `bundle predict`. */
export function addRunCommands(group: Command, terminal: Terminal): void {
  addCommand(group, "load <name>", "load all of a bundle in the isolate that answers", [
    ["bundle load flowers", "a line per model; exit code 1 when one cannot be loaded"],
  ]).action(withContext(terminal, load));
  addCommand(group, "predict <name> [file]", "ask every model of a bundle the same", [
    ["bundle predict flowers --input '[[6.2, 2.8, 4.8, 1.8]]'", "one row, each model's answer"],
    ["bundle predict flowers rows.csv", "a CSV file; a header picks the features by name"],
    ["bundle predict flowers rows.ndjson --json", "exit code 1 when a model or a row fails"],
  ])
    .option("--input <json>", "a row, rows, or a whole request, as JSON")
    .addHelpText("after", HOW)
    .action(withContext(terminal, predict));
}

const HOW = `
Rows go by /v1/bundles/NAME/predict: each model takes the features that it knows, by name, and
reads them by its own manifest. Arrays of values are in each model's own order. A name that no
model knows fails its row, as a column of a CSV file it is passed over. A whole request
{"inputs": [...]} goes to every model as it is.`;

async function load(context: Context, name: string): Promise<void> {
  const { references } = await context.api.get(bundleSchema, bundlePath(name));
  if (context.isWatched) context.note(`loading ${plural(references.length, "model")} …`);
  const report = await context.api.call(bundleLoadedSchema, "POST", bundlePath(name, "load"), {});
  context.print(report, () => {
    const rows = report.results.map((line) => [
      line.reference,
      line.version ?? "-",
      formatBytes(line.memory_bytes),
      formatMs(line.duration_ms),
      line.ok ? context.style.good("loaded") : context.style.bad(line.error?.code ?? "failed"),
    ]);
    return renderTable(LOAD_COLUMNS, rows, context.style, context.width);
  });
  failIfAny("bundle_incomplete", "could not be loaded", report.results);
}

const LOAD_COLUMNS = [
  { title: "REFERENCE", flexible: true },
  { title: "VERSION" },
  { title: "MEMORY", align: "right" },
  { title: "TIME", align: "right" },
  { title: "STATE" },
] as const;
