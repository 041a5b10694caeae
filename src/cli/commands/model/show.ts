import { modelPath, readReference, selectorOf } from "../../arguments.ts";
import { modelSchema, type VersionAnswer, versionSchema } from "../../client/answers.ts";
import { type Adder, addCommand, withContext } from "../../command.ts";
import type { Context } from "../../context.ts";
import { printable } from "../../output/style.ts";
import { renderFacts } from "../../output/table.ts";
import { formatBytes, formatTime } from "../../output/units.ts";
import { formatPairs, formatRoute, formatSpec } from "../../output/words.ts";

export const addShow: Adder = (parent, terminal) => {
  addCommand(parent, "show <name[@ref]>", "show a model, or one version of it", [
    ["model show iris", "its aliases, and what production serves"],
    ["model show iris@3", "everything known of version 3"],
    ["model show iris@staging --json", "what staging serves, as JSON"],
  ]).action(withContext(terminal, show));
};

async function show(context: Context, word: string): Promise<void> {
  const reference = readReference(word);
  const { model } = reference;
  if (!reference.isBare) {
    const path = modelPath(model, "versions", selectorOf(reference));
    const version = await context.api.get(versionSchema, path);
    return context.print(version, () => renderVersion(version, context));
  }
  const found = await context.api.get(modelSchema, modelPath(model));
  context.print(found, () => {
    const aliases = Object.entries(found.aliases).map(
      ([alias, route]) => [alias, formatRoute(route)] as const,
    );
    const head = `${context.style.bold(found.name)}, revision ${found.rev}`;
    const routes = renderFacts(aliases, context.style);
    const { production } = found;
    if (production === undefined) return `${head}\n${routes}`;
    return `${head}\n${routes}\n\n${renderVersion(production, context)}`;
  });
}

function renderVersion(version: VersionAnswer, { style }: Context): string {
  const { framework, features, classes, metrics, tags, onnx, aliases, deprecated } = version;
  const maker = framework && [framework.name, framework.version].filter(Boolean).join(" ");
  const said = [framework === undefined ? undefined : maker, version.task].filter(Boolean);
  const facts = renderFacts(
    [
      ["serves as", aliases.length === 0 ? "nothing" : aliases.join(", ")],
      ["deprecated", deprecated && style.warn(printable(deprecated.reason))],
      ["description", version.description && printable(version.description)],
      ["what", said.length === 0 ? undefined : printable(said.join(", "))],
      ["inputs", version.inputs?.map(formatSpec).join(" · ")],
      ["outputs", version.outputs?.map(formatSpec).join(" · ")],
      ["features", namesOf(features.map(({ name }) => name))],
      ["classes", namesOf(classes)],
      ["metrics", pairsOf(onlyNumbers(metrics))],
      ["tags", pairsOf(tags)],
      ["opsets", onnx && pairsOf(onnx.opsets)],
      ["producer", onnx?.producer && printable(onnx.producer)],
      ["size", formatBytes(version.size_bytes)],
      ["memory", formatBytes(version.peak_memory_bytes)],
      ["created", `${formatTime(version.created_at)} by ${printable(version.created_by ?? "?")}`],
      ["signature", version.signature === undefined ? undefined : "yes"],
      ["digest", version.digest],
    ],
    style,
  );
  return `${style.bold(`${version.name}@${version.version}`)}\n${facts}`;
}

const MANY = 12;

function namesOf(names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined;
  const first = names.slice(0, MANY).map(printable).join(", ");
  return names.length > MANY ? `${first}, … ${names.length} in all` : first;
}

/** A confusion matrix, say, has no place in a line: `--json` has it. */
const onlyNumbers = (metrics: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(metrics).filter(([, value]) => typeof value === "number"));

const pairsOf = (pairs: Readonly<Record<string, unknown>>): string | undefined =>
  Object.keys(pairs).length === 0 ? undefined : formatPairs(pairs);
