import { modelsSchema } from "../../client/answers.ts";
import { readPages } from "../../client/pages.ts";
import { type Adder, addCommand, withContext } from "../../command.ts";
import type { Context } from "../../context.ts";
import { printable } from "../../output/style.ts";
import { renderTable } from "../../output/table.ts";
import { formatBytes } from "../../output/units.ts";
import { formatRoute } from "../../output/words.ts";

interface Filter {
  readonly task?: string;
  readonly framework?: string;
  readonly tag?: string;
  readonly text?: string;
}

export const addList: Adder = (parent, terminal) => {
  addCommand(parent, "list", "list the models with what their production serves", [
    ["model list", "all of them"],
    ["model list --task classification --tag team=fraud", "those that match"],
    ["model list --json | jq -r '.items[].name'", "their names, for a script"],
  ])
    .option("--task <task>", "only of this task")
    .option("--framework <name>", "only made with this framework")
    .option("--tag <key[=value]>", "only with this tag")
    .option("--text <text>", "only with this in name or description")
    .action(withContext(terminal, list));
};

async function list(context: Context, filter: Filter): Promise<void> {
  const { task, framework, tag, text } = filter;
  // The API writes a tag as key:value, the option as it was set.
  const query = { task, framework, tag: tag?.replace("=", ":"), text };
  const items = await readPages(context.api, modelsSchema, "/v1/models", query);
  context.print({ items }, () => {
    if (items.length === 0) {
      const isFiltered = Object.values(query).some((value) => value !== undefined);
      return isFiltered ? "no model matches" : "no models yet: freshet model publish NAME FILE";
    }
    const rows = items.map((item) => [
      item.name,
      item.problem === undefined ? aliasesOf(item.aliases) : printable(item.problem),
      item.task ?? "-",
      item.framework ?? "-",
      formatBytes(item.size_bytes),
      printable(item.description ?? ""),
    ]);
    return renderTable(COLUMNS, rows, context.style, context.width);
  });
}

const COLUMNS = [
  { title: "MODEL" },
  { title: "SERVES", flexible: true },
  { title: "TASK" },
  { title: "FRAMEWORK", optional: true },
  { title: "SIZE", align: "right" },
  { title: "DESCRIPTION", optional: true },
] as const;

const aliasesOf = (aliases: Readonly<Record<string, Readonly<Record<string, number>>>>): string =>
  Object.entries(aliases)
    .map(([alias, weights]) => `${alias} ${formatRoute({ weights })}`)
    .join(", ");
