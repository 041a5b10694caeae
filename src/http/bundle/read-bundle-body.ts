import { isObject } from "../../core/model/is-object.ts";
import { fail, ok, type Result } from "../../core/model/result.ts";
import type { AppContext } from "../app-env.ts";
import { parseJson } from "../body/parse-json.ts";
import { readJsonText } from "../body/read-json-text.ts";
import type { HttpSettings } from "../deps.ts";
import { problem } from "../oip/problem.ts";
import { MAX_JSON_DEPTH, type OipRequest, readParsedRequest } from "../oip/read-request.ts";
import { type GivenBody, readGivenRows, readParsedRows } from "../predict/read-given-rows.ts";
import { formOf, type HowToRead, readHow } from "../predict/rows-form.ts";
import type { Refusal } from "../problem.ts";

type Refused = Refusal & { readonly reason: string };

export interface BundleTensors extends Pick<OipRequest, "outputs"> {
  readonly kind: "tensors";
  readonly inputs: Exclude<OipRequest["inputs"], (...given: never[]) => unknown>;
}

export interface BundleRows {
  readonly kind: "rows";
  readonly given: GivenBody["given"];
  readonly how: HowToRead;
}

type Body = Result<BundleTensors | BundleRows, Refused>;

/** Reads what all models of a bundle are asked: tensors in JSON, or rows as one model takes them. */
export async function readBundleBody(c: AppContext, settings: HttpSettings): Promise<Body> {
  const form = formOf(c.req.header("content-type"));
  if (form === "ndjson") return fail({ ...NO_LINES, reason: NO_LINES.code });
  const how = readHow(form, (name) => c.req.query(name));
  if (!how.ok) return refused(how.failure);
  const limits = { ...settings, takesLines: false };
  if (form === "csv") return rowsOf(how.value, await readGivenRows(c.req.raw, form, limits));
  const text = await readJsonText(c.req.raw, settings.maxBodyBytes);
  if (!text.ok) return fail({ ...text.failure, code: text.failure.reason });
  const parsed = parseJson(text.value, { maxDepth: MAX_JSON_DEPTH });
  if (!parsed.ok) return refused(parsed.failure);
  const { value } = parsed;
  if (isObject(value) && Object.hasOwn(value, "inputs")) {
    const read = tensorsOf(value, text.value.length);
    return read.ok ? read : refused(read.failure);
  }
  return rowsOf(how.value, await readParsedRows(value, limits));
}

const NO_LINES = {
  status: 415,
  code: "unsupported_media_type",
  detail:
    "a bundle is asked with application/json or text/csv: a row a line, without end, is for one model, POST /v1/models/{model}/predict",
} as const;

function tensorsOf(body: Readonly<Record<string, unknown>>, length: number) {
  const other = ["rows", "columns", "entities"].find((name) => Object.hasOwn(body, name));
  if (other !== undefined) return problem(`the body has 'inputs' and '${other}': send one of them`);
  const read = readParsedRequest(body, length);
  if (!read.ok) return read;
  const { inputs, outputs, binaryOutput } = read.value;
  if (
    typeof inputs === "function" ||
    binaryOutput ||
    outputs.some(({ binary }) => binary === true)
  ) {
    return problem("a bundle is asked and answers in JSON: leave out binary tensors");
  }
  return ok({ kind: "tensors", inputs, outputs } as const);
}

function rowsOf(how: HowToRead, read: Result<GivenBody, Refused>): Body {
  if (!read.ok) return read;
  const { given, conversation } = read.value;
  if (conversation === undefined) return ok({ kind: "rows", given, how });
  const detail =
    "a bundle's answers are not appended to a conversation, whose latest answer is one model's: ask that model, POST /v1/models/{model}/predict";
  return refused({ reason: "invalid_request", detail });
}

const refused = ({ reason, detail }: { readonly reason: string; readonly detail: string }) =>
  fail({ reason, status: 400, code: reason, detail } satisfies Refused);
