import type { DocumentSchema } from "../../core/lifecycle/read-document.ts";
import { fail, ok, type Result } from "../../core/model/result.ts";
import { tellIssue } from "../../core/model/tell-issue.ts";
import type { AppContext } from "../app-env.ts";
import { parseJson } from "../body/parse-json.ts";
import { readBody } from "../body/read-body.ts";
import type { Refusal } from "../problem.ts";

const MAX_BYTES = 1024 * 1024;
const MAX_DEPTH = 100;

type Refused = Refusal & { readonly reason: string };
type JsonRefusal = Pick<Refused, "reason" | "detail">;

const parseBody = (bytes: Uint8Array) => parseJson(bytes, { maxDepth: MAX_DEPTH });

/**
 * Reads a JSON body into what a schema says; an empty body counts as `{}`. Every wrong field is named.
 * @param parse left out: any JSON, its numbers as float64
 */
export async function readJsonBody<T>(
  c: AppContext,
  schema: DocumentSchema<T>,
  parse: (bytes: Uint8Array) => Result<unknown, JsonRefusal> = parseBody,
): Promise<Result<T, Refused>> {
  const body = await readBody(c.req.raw, { maxBytes: MAX_BYTES });
  if (!body.ok) return fail({ ...body.failure, code: body.failure.reason });
  if (body.value.byteLength === 0) return checkAgainst(schema, {}, "body");
  const parsed = parse(body.value);
  if (parsed.ok) return checkAgainst(schema, parsed.value, "body");
  const { reason, detail } = parsed.failure;
  return fail({ reason, status: 400, code: reason, detail });
}

/** Checks a value that came from outside; `what` is what a message calls it. */
export function checkAgainst<T>(
  schema: DocumentSchema<T>,
  value: unknown,
  what: string,
): Result<T, Refused> {
  const checked = schema.safeParse(value, { error: tellIssue });
  if (checked.success) return ok(checked.data);
  const errors = checked.error.issues.map((issue) => ({
    path: [...issue.path, ...strayOf(issue)].map(String).join("."),
    message: issue.message,
  }));
  const first = errors[0];
  const place = first === undefined || first.path === "" ? `the ${what}` : `${what}.${first.path}`;
  return fail({
    reason: "invalid_request",
    status: 400,
    code: "invalid_request",
    detail: `${place}: ${first?.message ?? "wrong"}`,
    errors,
  });
}

/** An only name that nobody knows, which zod tells beside the path of what it stands in. */
const strayOf = (issue: object): readonly unknown[] =>
  "keys" in issue && Array.isArray(issue.keys) && issue.keys.length === 1 ? issue.keys : [];
