import type { EntityKey } from "../../core/model/prediction-record.ts";
import { fail, ok, type Result } from "../../core/model/result.ts";
import type { SharedCacheFailure } from "../../core/ports/shared-cache.ts";
import { type MadeRows, makeRows } from "../../core/predict/rows/given-rows.ts";
import type { RowsReading } from "../../core/predict/rows/predict-rows.ts";
import type { RowPlan } from "../../core/predict/rows/row-plan.ts";
import type { TooLarge } from "../../core/quality/entities/read-features.ts";
import type { HttpDeps } from "../deps.ts";
import type { Refusal } from "../problem.ts";
import { redisRequired, redisSilence } from "../redis-refusal.ts";
import type { GivenBody, GivenEntities } from "./read-given-rows.ts";
import { rowsRefusalOf } from "./refuse-rows.ts";
import type { HowToRead } from "./rows-form.ts";

/** Rows as they are asked, whichever form they came in. */
export interface AskedRows extends MadeRows {
  readonly reading: RowsReading;
  /** What each row is of, where they came as entities. */
  readonly entities?: readonly (EntityKey | undefined)[];
}

type Asked = Result<AskedRows, Refusal & { readonly reason: string }>;

/** Each is a round trip to Redis, and they follow one another. */
const MAX_TYPES = 10;

/** Brings what a request gave into rows; entities are looked up, in one round trip for each type. */
export async function makeAskedRows(
  deps: Pick<HttpDeps, "entities" | "events">,
  plan: RowPlan,
  given: GivenBody["given"],
  how: HowToRead & { readonly requestId: string },
): Promise<Asked> {
  if (given.kind === "entities") return lookUpEntities(deps, given, how);
  const made = makeRows(plan, given, how.ignoresUnknown);
  if (!made.ok) return refused(rowsRefusalOf(made.failure));
  const form = given.kind === "columns" ? "columns" : "rows";
  return ok({ ...made.value, reading: readingOf(how, form) });
}

/** Their features as rows, whichever model is asked. */
export async function lookUpEntities(
  deps: Pick<HttpDeps, "entities" | "events">,
  { entities: words }: GivenEntities,
  how: HowToRead & { readonly requestId: string },
): Promise<Asked> {
  const { entities } = deps;
  if (entities === undefined) return refused(redisRequired("entities"));
  const { countTypes, readEntityRows } = await import("../../core/quality/entities/entity-rows.ts");
  const types = countTypes(words);
  if (types > MAX_TYPES) {
    const detail = `the entities are of ${types} types, one request may have ${MAX_TYPES}: send them in parts`;
    return refused({ status: 400, code: "invalid_request", detail });
  }
  const read = await readEntityRows({ entities }, words);
  if (!read.ok) return refused(refusalOfRead(deps, how.requestId, read.failure));
  return ok({ ...read.value, ignored: [], reading: readingOf(how, "entities") });
}

function refusalOfRead(
  deps: Pick<HttpDeps, "events">,
  requestId: string,
  failure: SharedCacheFailure | TooLarge,
): Refusal {
  if (failure.reason !== "entities_too_large") return redisSilence(deps, requestId, failure);
  return { status: 413, code: failure.reason, detail: failure.detail };
}

const readingOf = (
  { ignoresUnknown, isText, offset }: HowToRead,
  form: RowsReading["form"],
): RowsReading => ({ ignoresUnknown, isText, form, first: offset });

const refused = (refusal: Refusal) => fail({ ...refusal, reason: refusal.code });
