import { modelPath, readReference, readVersionReference, readWhole } from "../../arguments.ts";
import { prunedSchema } from "../../client/answers.ts";
import { type Adder, addCommand, withContext } from "../../command.ts";
import type { Context } from "../../context.ts";

export const addDelete: Adder = (parent, terminal) => {
  addCommand(parent, "delete <name@version>", "delete a version that no alias names", [
    ["model delete iris@1", "its number is not given again"],
    ["model delete iris@1 --reason 'trained on leaked labels'", "with the reason in the history"],
  ])
    .option("--reason <text>", "why, for the history")
    .action(
      withContext(terminal, async (context, word: string, { reason }: { reason?: string }) => {
        const { model, version } = readVersionReference(word);
        const path = modelPath(model, "versions", version);
        await context.api.remove(path, { reason });
        context.print({ deleted: { model, version } }, () => `deleted ${model}@${version}`);
      }),
    );
};

interface PruneOptions {
  readonly keepLast: number;
  readonly keepDays?: number;
  readonly yes?: boolean;
  readonly reason?: string;
}

export const addPrune: Adder = (parent, terminal) => {
  addCommand(parent, "prune <name>", "delete old versions that no alias names", [
    ["model prune iris --keep-last 5", "tell what would go: nothing is deleted without --yes"],
    ["model prune iris --keep-last 5 --keep-days 30 --yes", "delete it"],
  ])
    .requiredOption("--keep-last <n>", "keep so many of the newest", readWhole)
    .option("--keep-days <days>", "keep what is younger", readWhole)
    .option("--yes", "delete; without it, only tell")
    .option("--reason <text>", "why, for the history")
    .action(withContext(terminal, prune));
};

async function prune(context: Context, name: string, options: PruneOptions): Promise<void> {
  const { model } = readReference(name);
  const policy = {
    keep_last: options.keepLast,
    ...(options.keepDays === undefined ? {} : { keep_days: options.keepDays }),
    ...(options.reason === undefined ? {} : { reason: options.reason }),
    dry_run: options.yes !== true,
  };
  const report = await context.api.call(prunedSchema, "POST", modelPath(model, "prune"), policy);
  const { deleted, kept, dry_run } = report;
  context.print(report, () => {
    if (deleted.length === 0) return `nothing to delete: all ${kept.length} versions are kept`;
    const list = deleted.map(({ version }) => `${model}@${version}`).join(", ");
    return dry_run
      ? `would delete ${list}; ${kept.length} kept. Say --yes to do it.`
      : `deleted ${list}; ${kept.length} kept`;
  });
}
