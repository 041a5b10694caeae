import { z } from "zod";
import { EXIT } from "../exit-codes.ts";
import { CliFailure } from "../failure.ts";
import { inCommandWords } from "./command-words.ts";
import type { Incoming } from "./send.ts";

/** What a refusal may look like: RFC 9457 under `/v1`, `{"error"}` under `/v2`. */
const problemSchema = z.looseObject({
  detail: z.string().optional(),
  error: z.string().optional(),
  title: z.string().optional(),
  code: z.string().optional(),
  request_id: z.string().optional(),
  errors: z.array(z.looseObject({ path: z.string(), message: z.string() })).optional(),
});

/** Makes the server's refusal what the user is told. */
export function failureOf({ status, headers, text }: Incoming): CliFailure {
  const parsed = problemSchema.safeParse(parseOrUndefined(text));
  const problem = parsed.success ? parsed.data : {};
  const said = problem.detail ?? problem.error ?? problem.title;
  const code = problem.code ?? `http_${status}`;
  const requestId = problem.request_id ?? headers["x-request-id"]?.toString();
  const told = said === undefined ? undefined : inCommandWords(said);
  return new CliFailure(EXIT.refused, told ?? `the server answers ${status} without a reason`, {
    code,
    status,
    requestId,
    errors: problem.errors?.map(({ path, message }) => ({ path, message })),
    hint: said === undefined ? "Is this URL Freshet's?" : hintOf(code, status),
  });
}

function hintOf(code: string, status: number): string | undefined {
  if (status === 401) {
    return "Set FRESHET_TOKEN or give --token; the local stack prints its own at start.";
  }
  return HINTS[code];
}

const HINTS: Readonly<Record<string, string>> = {
  model_not_found: "`freshet model list` shows the models.",
  version_not_found: "`freshet model versions NAME` shows the versions.",
  alias_not_found: "`freshet alias set NAME ALIAS VERSION` makes it.",
  bundle_not_found: "`freshet bundle list` shows the bundles.",
  unknown_reference: "`freshet model list` and `freshet alias list NAME` show what there is.",
  entity_not_found: "`freshet entity list TYPE` shows what there is.",
  entity_finished: "--replace changes it all the same; --reopen opens it again.",
  outcome_conflict: "--replace puts yours in its place.",
  too_many_rows: "--out FILE takes a file of any size.",
  invalid_bundle: "`freshet bundle put` writes it anew.",
  version_in_use:
    "`freshet alias set`, `freshet alias remove` or `freshet bundle put` moves it away.",
  incompatible_schema: "--force moves it all the same; its callers must be ready for it.",
  revision_conflict: "Somebody else changed it at the same time: run it again.",
  nothing_to_roll_back: "--to VERSION names one.",
  invalid_model: "`freshet model check FILE` tells more.",
  unsupported_model: "`freshet model check FILE` tells more.",
  model_too_large: "`freshet model check FILE` tells what it needs.",
  sample_mismatch: "Correct `sample` in the manifest, or leave it out.",
  signature_missing: "--sign KEY.pem signs it.",
  signature_invalid: "Sign it with a key whose public half the server trusts.",
  backup_not_configured: "The server's operator sets them.",
  store_unavailable: "`freshet doctor` tells what answers.",
  route_not_found: "The server is older than this command: bring it up to date.",
};

/** JSON, or `undefined` for what is none. */
export function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
