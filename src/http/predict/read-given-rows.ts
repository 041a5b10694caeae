import type { ConversationPlace } from "../../core/model/conversation-event.ts";
import { isObject } from "../../core/model/is-object.ts";
import { fail, ok, type Result } from "../../core/model/result.ts";
import type { GivenRows } from "../../core/predict/rows/given-rows.ts";
import { parseJson } from "../body/parse-json.ts";
import { readBody } from "../body/read-body.ts";
import { readJsonText } from "../body/read-json-text.ts";
import type { HttpSettings } from "../deps.ts";
import type { Refusal } from "../problem.ts";
import type { RowsForm } from "./rows-form.ts";

type Refused = Refusal & { readonly reason: string };
type Given = Result<GivenRows | GivenEntities, Refused>;

export interface RowLimits extends Pick<HttpSettings, "maxBodyBytes" | "maxRows"> {
  /** Whether the route takes rows a line each as well, of which there may be any number. */
  readonly takesLines: boolean;
}

/** Entities, whose stored features are the rows. */
export interface GivenEntities {
  readonly kind: "entities";
  /** `type:id` each, if they are what they should be. */
  readonly entities: readonly unknown[];
}

export interface GivenBody {
  readonly given: GivenRows | GivenEntities;
  /** Where the answers are to be appended. */
  readonly conversation?: ConversationPlace | undefined;
}

type Body = Result<GivenBody, Refused>;

// A row may hold an array of a tensor's rank.
const MAX_DEPTH = 16;

/** Reads the rows of a whole body, JSON or CSV, up to MAX_ROWS of them. */
export async function readGivenRows(
  request: Request,
  form: RowsForm,
  limits: RowLimits,
): Promise<Body> {
  if (form === "csv") return readCsvRows(request, limits);
  const body = await readJsonText(request, limits.maxBodyBytes);
  if (!body.ok) return refused({ ...body.failure, code: body.failure.reason });
  const parsed = parseJson(body.value, { maxDepth: MAX_DEPTH });
  if (parsed.ok) return readParsedRows(parsed.value, limits);
  return refused({ status: 400, code: parsed.failure.reason, detail: parsed.failure.detail });
}

function checkCount(body: GivenBody, limits: RowLimits): Body {
  const count = countOf(body.given);
  if (count === 0) return invalid("there are no rows in the body");
  return count <= limits.maxRows ? ok(body) : tooMany(body, limits);
}

/** CSV is not read further than that: how many there are is not known. */
function tooMany({ given, conversation }: GivenBody, { maxRows, takesLines }: RowLimits): Body {
  const isAlone = takesLines && given.kind !== "entities" && conversation === undefined;
  const what = given.kind === "entities" ? "entities" : "rows";
  const way = isAlone ? ", or as application/x-ndjson, a row a line, which has no limit" : "";
  const detail = `the body has more than ${maxRows} ${what} (MAX_ROWS): send them in parts${way}`;
  return refused({ status: 413, code: "too_many_rows", detail });
}

/** Reads rows of a body whose JSON was parsed already. */
export async function readParsedRows(value: unknown, limits: RowLimits): Promise<Body> {
  const given = formOf(value);
  if (!given.ok) return given;
  const wished = isObject(value) ? value[CONVERSATION] : undefined;
  if (wished === undefined) return checkCount({ given: given.value }, limits);
  const { readConversation } = await import("./read-conversation.ts");
  const conversation = readConversation(wished);
  return conversation.ok
    ? checkCount({ given: given.value, conversation: conversation.value }, limits)
    : conversation;
}

const EXAMPLE = `{"rows": [{"feature": value, …}, …]}, or {"columns": {"feature": [values], …}}, or {"entities": ["type:id", …]}`;

/** Stands beside the rows, in whichever form. */
const CONVERSATION = "conversation";

/** The members that give rows; each body has one of them. */
const FORMS: Readonly<Record<string, (value: unknown) => Given>> = {
  rows: (rows) =>
    Array.isArray(rows)
      ? ok({ kind: "rows", rows })
      : invalid("rows must be an array: of objects by feature, or of arrays of values"),
  columns: (columns) =>
    isObject(columns)
      ? ok({ kind: "columns", columns })
      : invalid("columns must be an object: an array of values by feature"),
  entities: (entities) =>
    Array.isArray(entities)
      ? ok({ kind: "entities", entities })
      : invalid('entities must be an array of texts, such as ["match:m-1"]'),
};

function formOf(body: unknown): Given {
  if (!isObject(body)) return invalid(`the body must be an object: ${EXAMPLE}`);
  if (Object.hasOwn(body, "inputs")) {
    return invalid(
      `the body has 'inputs', as tensors for /v2/models/…/infer have; here it is ${EXAMPLE}`,
    );
  }
  const members = Object.keys(body).filter((name) => name !== CONVERSATION);
  const unknown = members.find((name) => !Object.hasOwn(FORMS, name));
  if (unknown !== undefined) {
    return invalid(`the body has '${unknown.slice(0, 60)}', which is not known; it is ${EXAMPLE}`);
  }
  const [member] = members;
  const read = member === undefined ? undefined : FORMS[member];
  if (member === undefined || read === undefined || members.length > 1) {
    return invalid(`the body gives rows in one form: ${EXAMPLE}`);
  }
  return read(body[member]);
}

async function readCsvRows(request: Request, limits: RowLimits): Promise<Body> {
  const body = await readBody(request, { maxBytes: limits.maxBodyBytes });
  if (!body.ok) return refused({ ...body.failure, code: body.failure.reason });
  const { parseCsv } = await import("./parse-csv.ts");
  const parsed = parseCsv(body.value, limits.maxRows);
  return parsed.ok
    ? checkCount({ given: { kind: "csv", ...parsed.value } }, limits)
    : refused({ status: 400, code: parsed.failure.reason, detail: parsed.failure.detail });
}

function countOf(given: GivenBody["given"]): number {
  switch (given.kind) {
    case "rows":
      return given.rows.length;
    case "csv":
      return given.records.length;
    case "entities":
      return given.entities.length;
    case "columns":
      return Object.values(given.columns).reduce<number>(
        (most, column) => Math.max(most, Array.isArray(column) ? column.length : 1),
        0,
      );
  }
}

const invalid = (detail: string): Result<never, Refused> =>
  refused({ status: 400, code: "invalid_request", detail });

const refused = (refusal: Refusal): Result<never, Refused> =>
  fail({ ...refusal, reason: refusal.code });
