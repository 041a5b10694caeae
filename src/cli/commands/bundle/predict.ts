import { type BundlePredicted, bundlePredictedSchema } from "../../client/bundle-answers.ts";
import type { Context } from "../../context.ts";
import { EXIT } from "../../exit-codes.ts";
import { CliFailure, type FieldError, usageFailure } from "../../failure.ts";
import { printable } from "../../output/style.ts";
import { renderTable } from "../../output/table.ts";
import { formatValue } from "../../output/words.ts";
import { readAsked } from "../../predict/predict-rows.ts";
import { answerOf } from "../../predict/print-results.ts";
import { isWhole, readJson, readText } from "../../predict/read-input.ts";
import { failIfAny } from "./fail-if-any.ts";
import { bundlePath } from "./paths.ts";

/** Asks every model of a bundle, for rows or with a whole request, and prints what each said. */
export async function predict(
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
  const text = readText(context, file, input);
  const path = bundlePath(name, "predict");
  const value = text.form === "json" ? readJson(text) : undefined;
  if (isWhole(value)) {
    const answer = await context.api.call(bundlePredictedSchema, "POST", path, value);
    context.print(answer, () => renderOutputs(context, answer.results));
    return failIfAny("bundle_incomplete", "did not answer", answer.results);
  }
  // What a model means is its own manifest's to say: names are looked at by the server.
  const { lines, query, settle } = await readAsked(text, []);
  const answer = await context.api.rows(bundlePredictedSchema, path, query, lines);
  const members = answer.results.map((member) =>
    member.results === undefined ? member : { ...member, results: settle(member.results) },
  );
  context.print({ ...answer, results: members }, () =>
    lines.length === 1
      ? renderOneRow(context, members)
      : renderRows(context, members, lines.length),
  );
  failIfAny("bundle_incomplete", "did not answer", members);
  failIfRows(members);
}

/** What one model said: to each row, or of tensors. */
type Member = BundlePredicted["results"][number];

function renderOutputs({ style, width }: Context, members: readonly Member[]): string {
  const rows = members.flatMap(({ reference, version = "-", outputs, error }) =>
    error !== undefined || outputs === undefined
      ? [[reference, version, style.bad(error?.code ?? "failed"), "-"]]
      : outputs.map((output) => [
          reference,
          version,
          printable(output.name),
          output.data.map(formatValue).join(" "),
        ]),
  );
  const columns = [
    { title: "REFERENCE" },
    { title: "VERSION" },
    { title: "OUTPUT" },
    { title: "DATA", flexible: true as const },
  ];
  return renderTable(columns, rows, style, width);
}

/** A line for each model: there is room for why one has no answer. */
function renderOneRow({ style, width }: Context, members: readonly Member[]): string {
  const rows = members.map(({ reference, version = "-", results, error }) => {
    const [result] = results ?? [];
    const answer =
      result === undefined ? style.bad(error?.code ?? "failed") : printable(answerOf(result));
    return [reference, version, answer, result?.prediction_id ?? ""];
  });
  const columns = [
    { title: "REFERENCE" },
    { title: "VERSION" },
    { title: "ANSWER", flexible: true as const },
    { title: "PREDICTION", optional: true as const },
  ];
  return renderTable(columns, rows, style, width);
}

/** A line for each row, a column for each model: what they say of the same stands side by side. */
function renderRows({ style, width }: Context, members: readonly Member[], count: number): string {
  const columns = [
    { title: "ROW", align: "right" as const },
    ...members.map(({ reference }) => ({ title: reference, flexible: true as const })),
  ];
  const rows = Array.from({ length: count }, (_, row) => [
    String(row),
    ...members.map(({ results, error }) => {
      const result = results?.[row];
      if (result?.ok === true) return printable(answerOf(result));
      return style.bad(result?.error?.code ?? error?.code ?? "failed");
    }),
  ]);
  return renderTable(columns, rows, style, width);
}

/** Of each model. */
const SHOWN_ERRORS = 3;

/** Every model answered, though not every row. @throws CliFailure */
function failIfRows(members: readonly Member[]): void {
  let [all, failed] = [0, 0];
  const errors: FieldError[] = [];
  for (const { reference, results = [] } of members) {
    const wrong = results.filter(({ ok }) => !ok);
    all += results.length;
    failed += wrong.length;
    for (const { error } of wrong.slice(0, SHOWN_ERRORS)) {
      errors.push({ path: reference, message: error?.detail ?? "no reason given" });
    }
  }
  if (failed === 0) return;
  const message = `${failed} of ${all} answers are missing`;
  throw new CliFailure(EXIT.refused, message, { code: "rows_failed", errors });
}
