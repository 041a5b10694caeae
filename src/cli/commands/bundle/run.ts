import type { Command } from "commander";
import type { z } from "zod";
import { readReference, selectorOf } from "../../arguments.ts";
import { metadataSchema, versionSchema } from "../../client/answers.ts";
import {
  bundleLoadedSchema,
  bundlePredictedSchema,
  bundleSchema,
} from "../../client/bundle-answers.ts";
import { addCommand, withContext } from "../../command.ts";
import type { Context, Terminal } from "../../context.ts";
import { EXIT } from "../../exit-codes.ts";
import { CliFailure, checkFailure, type FieldError, usageFailure } from "../../failure.ts";
import { printable } from "../../output/style.ts";
import { renderTable } from "../../output/table.ts";
import { formatBytes, formatMs, plural } from "../../output/units.ts";
import { formatValue } from "../../output/words.ts";
import { type Given, readInput } from "../../predict/read-input.ts";
import { toRequest } from "../../predict/to-request.ts";
import { bundlePath } from "./paths.ts";

/** `bundle load` and `bundle predict`. */
export function addRunCommands(group: Command, terminal: Terminal): void {
  addCommand(group, "load <name>", "load all of a bundle in the isolate that answers", [
    ["bundle load flowers", "a line per model; exit code 1 when one cannot be loaded"],
  ]).action(withContext(terminal, load));
  addCommand(group, "predict <name> [file]", "ask every model of a bundle the same", [
    ["bundle predict flowers --input '[[6.2, 2.8, 4.8, 1.8]]'", "one row, each model's answer"],
    ["bundle predict flowers rows.csv --json", "a CSV file; exit code 1 when a model fails"],
  ])
    .option("--input <json>", "a row, rows, or a whole request, as JSON")
    .action(withContext(terminal, predict));
}

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

async function predict(
  context: Context,
  name: string,
  file: string | undefined,
  { input }: { readonly input?: string },
): Promise<void> {
  if ((file === undefined) === (input === undefined)) {
    throw usageFailure(
      "give either --input or a file",
      "`freshet bundle predict --help` has examples.",
    );
  }
  const given = readInput(context, file, input);
  const path = bundlePath(name);
  const { references } = await context.api.get(bundleSchema, path);
  const request = await requestOf(context, given, references);
  const answer = await context.api.call(bundlePredictedSchema, "POST", `${path}/predict`, request);
  context.print(answer, () => renderAnswers(context, answer));
  failIfAny("bundle_incomplete", "did not answer", answer.results);
}

/** Rows become what the first model that can be asked takes: a bundle's models take the same. */
async function requestOf(
  { api }: Context,
  given: Given,
  references: readonly string[],
): Promise<object> {
  if ("inputs" in given) return given;
  for (const word of references) {
    const reference = readReference(word);
    const model = encodeURIComponent(reference.model);
    const { body } = await api.ask(`/v2/models/${model}/versions/${selectorOf(reference)}`);
    const metadata = metadataSchema.safeParse(body);
    if (!metadata.success) continue;
    const { version } = metadata.data.parameters;
    const described = versionSchema.safeParse(
      (await api.ask(`/v1/models/${model}/versions/${version}`)).body,
    );
    const features = described.success
      ? described.data.features.map((feature) => feature.name)
      : [];
    return toRequest(given, metadata.data.inputs, features);
  }
  throw checkFailure(
    "bundle_incomplete",
    "none of its models says what it takes",
    "`freshet bundle load` tells why.",
  );
}

function renderAnswers(
  { style, width }: Context,
  { results }: z.output<typeof bundlePredictedSchema>,
): string {
  const rows = results.flatMap(({ reference, version = "-", outputs, error }) =>
    error !== undefined || outputs === undefined
      ? [[reference, version, style.bad(error?.code ?? "failed"), "-"]]
      : outputs.map((output) => [
          reference,
          version,
          printable(output.name),
          output.data.map(formatValue).join(" "),
        ]),
  );
  return renderTable(PREDICT_COLUMNS, rows, style, width);
}

const PREDICT_COLUMNS = [
  { title: "REFERENCE" },
  { title: "VERSION" },
  { title: "OUTPUT" },
  { title: "DATA", flexible: true },
] as const;

/** The report is the answer; that it is not whole is the exit code's to say. */
function failIfAny(
  code: string,
  what: string,
  results: readonly {
    readonly reference: string;
    readonly ok: boolean;
    readonly error?: { readonly detail: string } | undefined;
  }[],
): void {
  const errors = results.flatMap(({ reference, ok, error }): FieldError[] =>
    ok ? [] : [{ path: reference, message: error?.detail ?? "no reason given" }],
  );
  if (errors.length === 0) return;
  const message = `${plural(errors.length, "model")} ${what}`;
  throw new CliFailure(EXIT.refused, message, { code, errors });
}
