import { PARALLEL_MODELS } from "../../core/lifecycle/bundle/each-reference.ts";
import { type OpenMember, openBundle } from "../../core/lifecycle/bundle/open-bundle.ts";
import { inParallel } from "../../core/lifecycle/in-parallel.ts";
import { ok, type Result } from "../../core/model/result.ts";
import { type GivenRows, makeRows } from "../../core/predict/rows/given-rows.ts";
import { checkTogether } from "../../core/predict/rows/rows-together.ts";
import { cacheWishOf } from "../cache-wish.ts";
import { type AnsweredModel, answerOpened } from "../predict/answer-opened.ts";
import { type AskedRows, lookUpEntities } from "../predict/make-asked-rows.ts";
import { rowsRefusalOf } from "../predict/refuse-rows.ts";
import { reportRows } from "../predict/report-rows.ts";
import type { Refusal } from "../problem.ts";
import { refusalOf } from "../refusals.ts";
import { refusePrediction } from "../refuse-prediction.ts";
import {
  type BundleAsking,
  type RefusedMember,
  stickinessOf,
  tellMemberRefused,
} from "./asking.ts";
import type { BundleRows } from "./read-bundle-body.ts";

/** Rows of a bundle: each model makes its own of them. */
interface Given extends Pick<AskedRows, "reading" | "entities"> {
  readonly given: GivenRows;
}

/** Asks every model of a bundle for the same rows, each by its own manifest. */
export async function answerBundleRows(asking: BundleAsking, body: BundleRows): Promise<Response> {
  const { c, deps, context, bundle, meta } = asking;
  const given = await readGiven(asking, body);
  if (!given.ok) return refusePrediction(c, deps, asking, given.failure);
  const members = await openBundle(deps.serve, context, bundle, {
    stickiness: stickinessOf({ c, deps }),
    requestId: meta.request_id,
    cacheWish: cacheWishOf(c.req.header("cache-control")),
    keeps: true,
  });
  const plans = members.flatMap(({ opened }) => (opened.ok ? [opened.value.rows] : []));
  const { ignoresUnknown } = given.value.reading;
  const checked = checkTogether(plans, given.value.given, {
    ignoresUnknown: ignoresUnknown || !members.every(isKnown),
  });
  if (!checked.ok) return refusePrediction(c, deps, asking, rowsRefusalOf(checked.failure));
  const { given: rows, ignored } = checked.value;
  const lines = await inParallel(
    members,
    async (member) => ok(await answerMember(asking, member, { ...given.value, given: rows })),
    PARALLEL_MODELS,
  );
  if (!lines.ok) throw new Error("a model that does not answer is a line");
  const told = ignored.length === 0 ? meta : { ...meta, ignored_columns: ignored };
  const answer = `{"results":[${lines.value.join(",")}],"meta":${JSON.stringify(told)}}`;
  return c.body(answer, 200, { "content-type": "application/json" });
}

/** Entities are looked up once, whichever models are asked. */
async function readGiven(
  { deps, meta }: BundleAsking,
  { given, how }: BundleRows,
): Promise<Result<Given, Refusal & { readonly reason: string }>> {
  const { ignoresUnknown, isText, offset: first } = how;
  if (given.kind !== "entities") {
    const form = given.kind === "columns" ? "columns" : "rows";
    return ok({ given, reading: { ignoresUnknown, isText, form, first } });
  }
  const found = await lookUpEntities(deps, given, { ...how, requestId: meta.request_id });
  return found.ok ? ok({ ...found.value, given: { kind: "rows", rows: found.value.rows } }) : found;
}

/** Whether the features of a model are known; one that takes no rows has none. */
const isKnown = ({ opened }: OpenMember): boolean =>
  opened.ok || opened.failure.reason === "rows_unsupported";

/** One model's line: its answer to each row, or why it has none to any of them. */
async function answerMember(
  asking: BundleAsking,
  { reference, opened }: OpenMember,
  { given, reading, entities }: Given,
): Promise<string> {
  const { deps, context, meta } = asking;
  const startedMs = deps.clock.now();
  const refuseMember = (refusal: Refusal, failure: RefusedMember["failure"]): string => {
    tellMemberRefused(asking, { reference, startedMs, failure }, refusal);
    return failed(reference, refusal);
  };
  if (!opened.ok) return refuseMember(rowsRefusalOf(opened.failure), opened.failure);
  // What no model knows was seen to already; what others know is nothing to this one.
  const made = makeRows(opened.value.rows, given, true);
  if (!made.ok) return refuseMember(rowsRefusalOf(made.failure), made.failure);
  const asked = {
    rows: made.value.rows,
    ignored: [],
    reading: { ...reading, ignoresUnknown: true },
    ...(entities === undefined ? {} : { entities }),
  };
  const answered = await answerOpened(deps, context, opened.value, asked, meta.request_id);
  if (!answered.ok) return refuseMember(refusalOf(answered.failure), answered.failure);
  const rows = asked.rows.length;
  reportRows(deps, { ...answered.value, rows, startedMs, nowMs: deps.clock.now() });
  return written(reference, answered.value);
}

function failed(reference: string, { code, detail, errors }: Refusal): string {
  const [first] = errors ?? [];
  const path = first === undefined ? {} : { path: first.path };
  return JSON.stringify({ reference, ok: false, error: { code, detail, ...path } });
}

function written(reference: string, { meta, written, unrecorded }: AnsweredModel): string {
  const { request_id: _, ...facts } = meta;
  const told = { reference, ok: true, ...facts, ...(unrecorded === 0 ? {} : { unrecorded }) };
  return `${JSON.stringify(told).slice(0, -1)},"results":[${written.join(",")}]}`;
}
