import { schemaDifferences } from "../../../core/lifecycle/versions/schema-differences.ts";
import { DEFAULT_MODEL_BUDGET_BYTES } from "../../../core/model/limits.ts";
import { draftSchema } from "../../../core/model/manifest-draft.ts";
import { tellIssue } from "../../../core/model/tell-issue.ts";
import type { TensorSpec } from "../../../core/model/tensor.ts";
import { modelPath, readReference, readWhole, selectorOf } from "../../arguments.ts";
import type { CheckReport } from "../../check/check-file.ts";
import { renderReport, reportAsJson } from "../../check/render-report.ts";
import { interfaceSchema } from "../../client/answers.ts";
import { type Adder, addCommand, withContext } from "../../command.ts";
import type { Context } from "../../context.ts";
import { readDraft } from "../../draft.ts";
import { EXIT } from "../../exit-codes.ts";
import { CliFailure, type FieldError } from "../../failure.ts";

interface Options {
  readonly manifest?: string;
  readonly against?: string;
  readonly budget: number;
}

const MIB = 1024 * 1024;

export const addCheck: Adder = (parent, terminal) => {
  addCommand(parent, "check <file>", "tell what a file is and whether it will be taken; local", [
    [
      "model check iris.onnx",
      "loads it in the same engine, uploads nothing; exit code 1 if refused",
    ],
    ["model check iris.onnx --manifest manifest.json", "runs the manifest's sample too"],
    ["model check new.onnx --against iris", "could it follow what iris serves? (asks the server)"],
  ])
    .option("--manifest <file>", "JSON with what is known of it; its sample is run")
    .option("--against <name[@ref]>", "compare its interface with a served version's")
    .option(
      "--budget <MiB>",
      "memory for models in an isolate (MODEL_CACHE_MAX_BYTES of the server)",
      readWhole,
      DEFAULT_MODEL_BUDGET_BYTES / MIB,
    )
    .action(withContext(terminal, check));
};

async function check(context: Context, file: string, options: Options): Promise<void> {
  const bytes = context.readBytes(file);
  const draft = readKnown(context, options.manifest);
  // The engine takes a quarter of a second to start: only this command pays for it.
  const { startLocalEngine } = await import("../../check/start-engine.ts");
  const { checkFile } = await import("../../check/check-file.ts");
  const engine = await startLocalEngine();
  const report = await checkFile(engine, bytes, draft, options.budget * MIB);
  const differences = await differencesFrom(context, options.against, report);
  const isTaken = report.ok && differences.length === 0;
  const json = { file, ...reportAsJson(report), ok: isTaken };
  const against = options.against === undefined ? {} : { schema_differences: differences };
  context.print({ ...json, ...against }, () => renderReport(file, report, context.style));
  if (report.refusal !== undefined) {
    const { code, detail } = report.refusal;
    throw new CliFailure(EXIT.refused, `${file} would be refused: ${detail}`, { code });
  }
  if (differences.length > 0) {
    const detail = `${file} cannot follow ${options.against}: callers would trip over`;
    throw new CliFailure(EXIT.refused, detail, {
      code: "incompatible_schema",
      errors: differences,
    });
  }
}

function readKnown(context: Context, manifest: string | undefined) {
  if (manifest === undefined) return {};
  const parsed = draftSchema.safeParse(readDraft(context, { manifest }), { error: tellIssue });
  if (parsed.success) return parsed.data;
  throw new CliFailure(EXIT.refused, `${manifest} would be refused`, {
    code: "invalid_request",
    errors: parsed.error.issues.map(({ path, message }) => ({ path: path.join("."), message })),
  });
}

async function differencesFrom(
  { api }: Context,
  against: string | undefined,
  { inputs, outputs }: CheckReport,
): Promise<readonly FieldError[]> {
  if (against === undefined || inputs === undefined || outputs === undefined) return [];
  const reference = readReference(against);
  const path = modelPath(reference.model, "versions", selectorOf(reference));
  const served = await api.get(interfaceSchema, path);
  // Of features and classes a bare file says nothing.
  const copy = (spec: TensorSpec) => ({ ...spec, shape: [...spec.shape] });
  const next = { inputs: inputs.map(copy), outputs: outputs.map(copy), features: [], classes: [] };
  return schemaDifferences(served, next);
}
