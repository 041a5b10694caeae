import { monotonicFactory } from "ulid";
import {
  type ConversationPlace,
  type EventDraft,
  MAX_APPEND_BYTES,
  MAX_APPENDED_EVENTS,
  MAX_PAYLOAD_BYTES,
} from "../../core/model/conversation-event.ts";
import { jsonBytes } from "../../core/model/entity.ts";
import { parseKeeping } from "../../core/model/inexact-number.ts";
import type { EntityKey } from "../../core/model/prediction-record.ts";
import type { OpenRows } from "../../core/predict/rows/open-rows.ts";
import type { RowResult } from "../../core/predict/rows/predict-rows.ts";
import { appendEvents } from "../../core/quality/conversations/append-events.ts";
import type { HttpDeps } from "../deps.ts";
import { REDIS_UNAVAILABLE, redisRequired } from "../redis-refusal.ts";
import type { RowsMeta } from "./rows-response.ts";

/** Milliseconds that an answer waits for its conversation. */
const APPEND_DEADLINE_MS = 2_000;

/** Answers of a request, in the order of its rows. */
export interface AnswersToAppend {
  readonly open: Pick<OpenRows, "version">;
  readonly results: readonly RowResult[];
  /** Each result as it is answered, in JSON. */
  readonly written: readonly string[];
  readonly entities: readonly (EntityKey | undefined)[] | undefined;
}

type Told = NonNullable<RowsMeta["conversation"]>;

/**
 * Appends answers to a conversation, an event for each row that was answered, all or none, and
 * tells what became of it. Never rejects: what was predicted is answered all the same. One round
 * trip; not idempotent, as a prediction asked for again is another one.
 */
export async function appendAnswered(
  { conversations, clock, settings, events }: HttpDeps,
  requestId: string,
  place: ConversationPlace,
  answers: AnswersToAppend,
): Promise<Told> {
  const { id } = place;
  const failed = (code: string, detail: string): Told => ({ id, error: { code, detail } });
  const drafts = eventsOf(place, answers);
  if (drafts.length === 0) return { id, events: [] };
  if (conversations === undefined) {
    const { code, detail } = redisRequired("conversations");
    return failed(code, detail);
  }
  const tooLarge = tooLargeOf(drafts);
  if (tooLarge !== undefined) return failed("body_too_large", tooLarge);
  const appending = {
    ...{ conversations, clock, newUlid: monotonicFactory() },
    ...{ keepMs: settings.conversationKeepMs, deadlineMs: APPEND_DEADLINE_MS },
  };
  const appended = await appendEvents(appending, id, drafts);
  if (appended.ok) return { id, events: appended.value.events.map((event) => event.id) };
  const { reason, detail, cause } = appended.failure;
  events.emit({
    ...{ kind: "conversation_not_written", requestId, conversation: id },
    ...{ reason, detail, cause },
  });
  if (reason === "conversation_full") return failed(reason, detail);
  return failed(REDIS_UNAVAILABLE.code, reason === "paused" ? NOT_ASKED : UNKNOWN_FATE);
}

/** An answer of Redis that got lost may have been carried out. */
const UNKNOWN_FATE =
  "Redis does not answer: whether the answer was appended is seen by GET …/events, by its prediction_id";

const NOT_ASKED =
  "Redis has given no answer several times in a row and is left alone for a moment: nothing was appended";

/** Rows that have no answer leave no event: an event is a result. */
function eventsOf(
  { category, resource, scene }: ConversationPlace,
  { open, results, written, entities }: AnswersToAppend,
): readonly EventDraft[] {
  const words = { category, resource, ...(scene === undefined ? {} : { scene }) };
  return results.flatMap((result, index) => {
    if (!result.ok) return [];
    const { strategy: _strategy, by = open.version } = result;
    const entity = entities?.[index];
    const of = entity === undefined ? {} : { entity: `${entity.type}:${entity.id}` };
    const payload = { ...of, ...answerOf(written[index]) };
    return [{ ...words, payload, _model: by.model, _version: by.version, _strategy }];
  });
}

/** Without what the event says itself. Events are read as JSON: digits that a number loses are text. */
function answerOf(written = "{}"): Readonly<Record<string, unknown>> {
  const {
    ok: _,
    strategy,
    model,
    version,
    recorded: _recorded,
    ...answer
  } = parseKeeping(written, String) as Record<string, unknown>;
  return answer;
}

/** Why there is no room for events in one append, if there is none. */
function tooLargeOf(drafts: readonly EventDraft[]): string | undefined {
  if (drafts.length > MAX_APPENDED_EVENTS) {
    return `${drafts.length} answers are more than one append may have, ${MAX_APPENDED_EVENTS}: send fewer rows at once`;
  }
  if (drafts.some(({ payload }) => jsonBytes(payload) > MAX_PAYLOAD_BYTES)) {
    return `an answer is larger than an event may be, ${MAX_PAYLOAD_BYTES} bytes as JSON`;
  }
  return jsonBytes(drafts) > MAX_APPEND_BYTES
    ? `the answers take more than one append may have, ${MAX_APPEND_BYTES} bytes as JSON: send fewer rows at once`
    : undefined;
}
