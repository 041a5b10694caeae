import { basename } from "node:path";
import type { Command } from "commander";
import type { z } from "zod";
import { modelPath, readReference, readTag } from "../../arguments.ts";
import { publishedSchema } from "../../client/answers.ts";
import type { FormPart } from "../../client/form.ts";
import { type Adder, addCommand, withContext } from "../../command.ts";
import type { Context } from "../../context.ts";
import { type DraftOptions, readDraft } from "../../draft.ts";
import { usageFailure } from "../../failure.ts";
import { startProgress } from "../../output/progress.ts";
import { formatBytes } from "../../output/units.ts";
import { formatSpec } from "../../output/words.ts";
import { signFile } from "../../sign-file.ts";

interface Options extends DraftOptions {
  readonly alias?: string;
  readonly force?: boolean;
  readonly sign?: string;
}

export const addPublish: Adder = (parent, terminal) => {
  addDraftOptions(
    addCommand(parent, "publish <name> <file>", "publish an ONNX file as the next version", [
      ["model publish iris iris.onnx", "the first version serves as production at once"],
      ["model publish iris iris.onnx --alias staging --tag team=flowers", "serve it as staging"],
      ["model publish iris iris.onnx --manifest manifest.json", "with features, classes, a sample"],
      ["model publish iris iris.onnx --sign key.pem", "sign it with an ECDSA P-256 or Ed25519 key"],
    ]),
  )
    .option("--alias <alias>", "move this alias to the version afterwards")
    .option("--force", "move the alias past a changed interface")
    .option("--sign <key.pem>", "sign it with this private key (PKCS #8)")
    .action(withContext(terminal, publish));
};

/** The options that say what a version is. */
export const addDraftOptions = (command: Command): Command =>
  command
    .option("--manifest <file>", "JSON with what is known of it: features, classes, sample, …")
    .option("--task <task>", "classification, regression, embedding or other")
    .option("--framework <name>", "what made it, with or without a version: 'scikit-learn 1.5.2'")
    .option("--tag <key=value>", "a tag; may be given again", readTag)
    .option("--description <text>", "a description");

async function publish(context: Context, name: string, file: string, options: Options) {
  const { model, isBare } = readReference(name);
  if (!isBare) throw usageFailure("a version gets its number from the server", "Leave '@…' out.");
  const bytes = context.readBytes(file);
  const draft = readDraft(context, options);
  const signed =
    options.sign === undefined
      ? draft
      : {
          ...draft,
          signature: await signFile(nameOf(file), bytes, context.readBytes(options.sign)),
        };
  const progress = startProgress(model, bytes.byteLength, context.isWatched);
  const query = { alias: options.alias, force: options.force === true ? "true" : undefined };
  const path = modelPath(model, "versions");
  try {
    const upload = { parts: partsOf(file, bytes, signed), onSent: progress.sent };
    const { status, value } = await context.api.upload(publishedSchema, path, query, upload);
    progress.stop();
    const created = status === 201;
    context.print({ ...value, created }, () => tell(context, value, created));
  } finally {
    progress.stop();
  }
}

/** A file's name that a form's header and a signature can hold. */
const nameOf = (file: string): string => basename(file).replaceAll(/[^\w.-]/g, "_");

function partsOf(file: string, bytes: Uint8Array, draft: object): readonly FormPart[] {
  const fileName = nameOf(file);
  const model = { name: "model", type: "application/octet-stream", fileName, bytes };
  if (Object.keys(draft).length === 0) return [model];
  const manifest = Buffer.from(JSON.stringify(draft));
  return [model, { name: "manifest", type: "application/json", bytes: manifest }];
}

function tell(
  { style }: Context,
  published: z.output<typeof publishedSchema>,
  created: boolean,
): string {
  const { name, version, digest, size_bytes, peak_memory_bytes, aliases } = published;
  const reference = style.bold(`${name}@${version}`);
  const sizes = `${formatBytes(size_bytes)}, ${formatBytes(peak_memory_bytes)} of memory`;
  const specs = (list: typeof published.inputs) => (list ?? []).map(formatSpec).join(" · ");
  return [
    created
      ? `${style.good("published")} ${reference}`
      : `these bytes are ${reference} already; what is known of it stays as it was`,
    `  ${specs(published.inputs)} → ${specs(published.outputs)}`,
    `  ${sizes}, SHA-256 ${digest.slice(0, 12)}…`,
    aliases.length > 0
      ? `  serves as ${aliases.join(", ")}`
      : `  no alias names it yet: freshet alias set ${name} staging ${version}`,
  ].join("\n");
}
