import { modelPath, readReference, readWhole } from "../../arguments.ts";
import { versionsSchema } from "../../client/answers.ts";
import { readPages } from "../../client/pages.ts";
import { type Adder, addCommand, withContext } from "../../command.ts";
import type { Context } from "../../context.ts";
import { printable } from "../../output/style.ts";
import { renderTable } from "../../output/table.ts";
import { formatBytes, formatTime } from "../../output/units.ts";

export const addVersions: Adder = (parent, terminal) => {
  addCommand(parent, "versions <name>", "list the versions of a model, newest first", [
    ["model versions iris", "all of them"],
    ["model versions iris --limit 5", "the newest five"],
  ])
    .option("--limit <n>", "at most so many", readWhole)
    .action(withContext(terminal, versions));
};

async function versions(
  context: Context,
  name: string,
  { limit }: { readonly limit?: number },
): Promise<void> {
  const { model } = readReference(name);
  const path = modelPath(model, "versions");
  const items = await readPages(context.api, versionsSchema, path, {}, limit);
  context.print({ items }, () => {
    const rows = items.map((one) => [
      one.version,
      one.aliases.join(", "),
      formatBytes(one.size_bytes),
      formatBytes(one.peak_memory_bytes),
      formatTime(one.created_at),
      one.deprecated === undefined
        ? printable(one.description ?? "")
        : `deprecated: ${printable(one.deprecated.reason)}`,
    ]);
    return renderTable(COLUMNS, rows, context.style, context.width);
  });
}

const COLUMNS = [
  { title: "VERSION", align: "right" },
  { title: "SERVES AS" },
  { title: "SIZE", align: "right" },
  { title: "MEMORY", align: "right" },
  { title: "CREATED (UTC)" },
  { title: "NOTE", flexible: true },
] as const;
