import type { OpenAPIHono } from "@hono/zod-openapi";
import { entityLineSchema } from "../../core/model/entity.ts";
import { ok, type Result } from "../../core/model/result.ts";
import type { EntityStore } from "../../core/ports/entity-store.ts";
import type { EntityFailure } from "../../core/quality/entities/entity-failure.ts";
import type { EntityPut } from "../../core/quality/entities/plan-puts.ts";
import { type PutLine, putInBatches } from "../../core/quality/entities/put-in-batches.ts";
import { addRoute } from "../add-route.ts";
import type { AppContext, AppEnv } from "../app-env.ts";
import { parseExactJson } from "../body/parse-exact-json.ts";
import { type BodyLine, readLines } from "../body/read-lines.ts";
import type { HttpDeps } from "../deps.ts";
import { entityRefusalOf } from "../entities/entity-answers.ts";
import { entityTypeOf, typeParams } from "../entities/entity-path.ts";
import { json } from "../openapi/schemas.ts";
import { formOf } from "../predict/rows-form.ts";
import type { Refusal } from "../problem.ts";
import { refuseRedis } from "../redis-refusal.ts";
import { refuse } from "../refuse.ts";
import { checkAgainst } from "../registry/read-json-body.ts";
import { anyObject } from "../registry/schemas.ts";
import { withEntities } from "./entities.ts";

const MAX_LINES = 1_000;
const MAX_BYTES = 8 * 1024 * 1024;
const MAX_DEPTH = 100;

type LineRefusal = Pick<Refusal, "code" | "detail">;
type ReadPut = Result<EntityPut, LineRefusal & { readonly reason: string }>;

/** Many entities at once, each line alone. */
export function addEntityLinesRoute(app: OpenAPIHono<AppEnv>, deps: HttpDeps): void {
  addRoute(
    app,
    deps.settings,
    {
      method: "post",
      path: "/v1/entities/{type}",
      scope: "outcomes",
      tag: "entities",
      summary: `Put many entities: a line each, up to ${MAX_LINES}, each for itself`,
      request: {
        params: typeParams,
        body: {
          description: "Lines of {id, features?, state?, outcome?, replace?}.",
          content: { "application/x-ndjson": { schema: { type: "string" } } },
        },
      },
      responses: {
        200: json(
          anyObject,
          "{written, failed, results: [{line, id, ok: true, state, rev, created, predictions?} | {line, id?, ok: false, error: {code, detail}}]}",
        ),
      },
      refusals: [400, 413, 415, 503],
    },
    withEntities(deps, (c, store) => answerLines(c, deps, store)),
  );
}

const NOT_LINES: Refusal = {
  status: 415,
  code: "unsupported_media_type",
  detail:
    "send lines of JSON as application/x-ndjson: `freshet entity import TYPE FILE.csv` makes them of a CSV",
};

async function answerLines(
  c: AppContext,
  deps: HttpDeps,
  entities: EntityStore,
): Promise<Response> {
  const type = entityTypeOf(c);
  if (!type.ok) return refuse(c, type.failure);
  if (formOf(c.req.header("content-type")) === "csv") return refuse(c, NOT_LINES);
  const lines = await readLines(c, { maxBytes: MAX_BYTES, maxLines: MAX_LINES });
  if (!lines.ok) return refuse(c, lines.failure);
  const read = lines.value.map(({ text }) => readPut(text));
  const puts = read.flatMap((one) => (one.ok ? [one.value] : []));
  const { clock, onEntityFinished: onFinished } = deps;
  const done = await putInBatches({ entities, clock, onFinished }, type.value, puts);
  if (!done.ok) return refuseRedis(c, deps, done.failure);
  const outcomes = done.value.values();
  const results = lines.value.map((line, index) => {
    const put = read[index];
    return put?.ok === true
      ? resultOf(line, put.value, outcomes.next().value)
      : failed(line, undefined, put?.failure);
  });
  const written = results.filter((result) => result.ok).length;
  return c.json({ written, failed: results.length - written, results });
}

function readPut(text: string): ReadPut {
  const parsed = parseExactJson(text, { maxDepth: MAX_DEPTH, what: "line" });
  if (!parsed.ok) return parsed;
  const checked = checkAgainst(entityLineSchema, parsed.value, "line");
  if (!checked.ok) return checked;
  const { id, ...change } = checked.value;
  return ok({ id, change });
}

function resultOf(
  line: BodyLine,
  { id }: EntityPut,
  outcome: Result<PutLine, EntityFailure> | undefined,
) {
  if (outcome?.ok !== true) {
    return failed(line, id, outcome === undefined ? undefined : entityRefusalOf(outcome.failure));
  }
  return { line: line.line, id, ok: true, ...outcome.value } as const;
}

function failed({ line }: BodyLine, id: string | undefined, refusal: LineRefusal | undefined) {
  const { code, detail } = refusal ?? { code: "internal_error", detail: "it has no outcome" };
  return { line, ...(id === undefined ? {} : { id }), ok: false, error: { code, detail } } as const;
}
