import type { Command } from "commander";
import { readReference } from "../../arguments.ts";
import { type BundleAnswer, bundleSchema, bundlesSchema } from "../../client/bundle-answers.ts";
import { readPages } from "../../client/pages.ts";
import { addCommand, withContext } from "../../command.ts";
import type { Context, Terminal } from "../../context.ts";
import { printable } from "../../output/style.ts";
import { renderFacts, renderTable } from "../../output/table.ts";
import { plural } from "../../output/units.ts";
import { BUNDLES, bundlePath } from "./paths.ts";

interface PutOptions {
  readonly description?: string;
  readonly warm?: boolean;
}

/** `bundle put`, `show`, `list` and `delete`. */
export function addManageCommands(group: Command, terminal: Terminal): void {
  addCommand(group, "put <name> <reference...>", "make a bundle, or replace it as a whole", [
    ["bundle put flowers iris wine@staging digits@3", "of three models"],
    ["bundle put flowers iris wine --warm", "loaded by the cron before anybody asks"],
  ])
    .option("--description <text>", "what it is for")
    .option("--warm", "let the minute's cron load all of it")
    .action(withContext(terminal, put));
  addCommand(group, "show <name>", "what a bundle names", [
    ["bundle show flowers", "its models, whether it is warm, its revision"],
  ]).action(withContext(terminal, show));
  addCommand(group, "list", "list the bundles", [
    ["bundle list", "all of them"],
    ["bundle list --json | jq -r '.items[].name'", "their names, for a script"],
  ]).action(withContext(terminal, list));
  addCommand(group, "delete <name>", "delete a bundle; its models stay", [
    ["bundle delete flowers --reason 'not used any more'", "the reason goes into the audit"],
  ])
    .option("--reason <text>", "why, for the audit")
    .action(withContext(terminal, remove));
}

async function put(
  context: Context,
  name: string,
  references: readonly string[],
  { description, warm }: PutOptions,
): Promise<void> {
  for (const reference of references) readReference(reference);
  const body = { references, description, warm };
  const bundle = await context.api.call(bundleSchema, "PUT", bundlePath(name), body);
  context.print(
    bundle,
    () => `${name} is ${plural(bundle.references.length, "model")} (revision ${bundle.rev})`,
  );
}

async function show(context: Context, name: string): Promise<void> {
  const bundle = await context.api.get(bundleSchema, bundlePath(name));
  context.print(bundle, () =>
    renderFacts(
      [
        ["bundle", bundle.name],
        [
          "description",
          bundle.description === undefined ? undefined : printable(bundle.description),
        ],
        ["references", bundle.references.join(", ")],
        ["warm", bundle.warm === true ? "yes" : "no"],
        ["revision", String(bundle.rev)],
      ],
      context.style,
    ),
  );
}

async function list(context: Context): Promise<void> {
  const items = await readPages(context.api, bundlesSchema, BUNDLES, {});
  context.print({ items }, () => {
    if (items.length === 0) return "no bundles yet: freshet bundle put NAME REFERENCE...";
    const rows = items.map((item) =>
      isWhole(item)
        ? [
            item.name,
            item.references.join(", "),
            item.warm === true ? "yes" : "-",
            printable(item.description ?? ""),
          ]
        : [item.name, "-", "-", printable(item.problem)],
    );
    return renderTable(COLUMNS, rows, context.style, context.width);
  });
}

const isWhole = (item: object): item is BundleAnswer => "references" in item;

const COLUMNS = [
  { title: "BUNDLE" },
  { title: "REFERENCES", flexible: true },
  { title: "WARM" },
  { title: "DESCRIPTION", optional: true },
] as const;

async function remove(
  context: Context,
  name: string,
  { reason }: { readonly reason?: string },
): Promise<void> {
  await context.api.remove(bundlePath(name), { reason });
  context.print({ deleted: name }, () => `deleted bundle ${name}; its models stay`);
}
