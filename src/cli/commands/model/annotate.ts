import { z } from "zod";
import { modelPath, readVersionReference } from "../../arguments.ts";
import { type Adder, addCommand, withContext } from "../../command.ts";
import type { Context } from "../../context.ts";
import { usageFailure } from "../../failure.ts";
import { describe } from "../../output/describe.ts";

const notesSchema = z.looseObject({});

export const addTag: Adder = (parent, terminal) => {
  addCommand(parent, "tag <name@version> <tags...>", "set tags of a version, or take them away", [
    ["model tag iris@3 team=flowers reviewed=yes", "set two"],
    ["model tag iris@3 reviewed-", "take one away"],
  ]).action(
    withContext(terminal, async (context, word: string, tags: readonly string[]) => {
      const changes = tags.map(readChange);
      await annotate(context, word, { tags: Object.fromEntries(changes) });
    }),
  );
};

export const addDescribe: Adder = (parent, terminal) => {
  addCommand(parent, "describe <name@version> [text]", "describe a version in words", [
    ["model describe iris@3 'trained on the 2026 survey'", "set the description"],
    ["model describe iris@3 --remove", "take it away"],
  ])
    .option("--remove", "take the description away")
    .action(
      withContext(
        terminal,
        async (context, word: string, text: string | undefined, { remove }: Removal) => {
          await annotate(context, word, { description: textOrNull(text, remove, "a text") });
        },
      ),
    );
};

export const addDeprecate: Adder = (parent, terminal) => {
  addCommand(
    parent,
    "deprecate <name@version> [reason]",
    "advise against a version; it serves on",
    [
      ["model deprecate iris@1 'use version 3'", "say why"],
      ["model deprecate iris@1 --remove", "take it back"],
    ],
  )
    .option("--remove", "take it back")
    .action(
      withContext(
        terminal,
        async (context, word: string, reason: string | undefined, { remove }: Removal) => {
          await annotate(context, word, { deprecated: textOrNull(reason, remove, "a reason") });
        },
      ),
    );
};

interface Removal {
  readonly remove?: boolean;
}

async function annotate(context: Context, word: string, change: object): Promise<void> {
  const { model, version } = readVersionReference(word);
  const path = modelPath(model, "versions", version);
  const notes = await context.api.call(notesSchema, "PATCH", path, change);
  context.print(notes, () => describe(notes, context.style, context.width));
}

function textOrNull(text: string | undefined, remove: boolean | undefined, what: string) {
  if ((text === undefined) === (remove === true)) return text ?? null;
  throw usageFailure(`give either ${what} or --remove`);
}

function readChange(text: string): readonly [key: string, value: string | null] {
  const equals = text.indexOf("=");
  if (equals > 0) return [text.slice(0, equals), text.slice(equals + 1)];
  if (text.endsWith("-") && text.length > 1) return [text.slice(0, -1), null];
  throw usageFailure(`'${text}' is no tag`, "Write key=value to set it, key- to take it away.");
}
