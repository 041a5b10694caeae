import { z } from "@hono/zod-openapi";
import {
  type EventDraft,
  eventDraftSchema,
  MAX_APPEND_BYTES,
  MAX_APPENDED_EVENTS,
} from "../../core/model/conversation-event.ts";
import { jsonBytes } from "../../core/model/entity.ts";
import { ok, type Result } from "../../core/model/result.ts";
import type { AppContext } from "../app-env.ts";
import { parseExactJson } from "../body/parse-exact-json.ts";
import { type BodyLine, readLimited, readLines, tooLarge } from "../body/read-lines.ts";
import type { Refusal } from "../problem.ts";
import { checkAgainst } from "../registry/read-json-body.ts";

const MAX_DEPTH = 100;

const eventsSchema = z
  .array(eventDraftSchema)
  .min(1, "must have an event")
  .max(MAX_APPENDED_EVENTS, `may have ${MAX_APPENDED_EVENTS} events at most`);

type Read<T> = Result<T, Refusal & { readonly reason: string }>;

/** The events of a body: one as JSON, an array of them, or a line each as NDJSON. All are right, or none is taken. */
export async function readAppended(c: AppContext): Promise<Read<readonly EventDraft[]>> {
  const events = await readEvents(c);
  // `1e20` is written as 21 digits: what came short may be long.
  if (events.ok && jsonBytes(events.value) > MAX_APPEND_BYTES) return tooLarge(MAX_APPEND_BYTES);
  return events;
}

async function readEvents(c: AppContext): Promise<Read<readonly EventDraft[]>> {
  if (/ndjson|jsonl/i.test(c.req.header("content-type") ?? "")) return readEventLines(c);
  const body = await readLimited(c, MAX_APPEND_BYTES);
  if (!body.ok) return body;
  const parsed = parseExactJson(body.value, { maxDepth: MAX_DEPTH, what: "body" });
  if (!parsed.ok) return parsed;
  if (Array.isArray(parsed.value)) return checkAgainst(eventsSchema, parsed.value, "events");
  const event = checkAgainst(eventDraftSchema, parsed.value, "body");
  return event.ok ? ok([event.value]) : event;
}

async function readEventLines(c: AppContext): Promise<Read<readonly EventDraft[]>> {
  const lines = await readLines(c, { maxBytes: MAX_APPEND_BYTES, maxLines: MAX_APPENDED_EVENTS });
  if (!lines.ok) return lines;
  const events: EventDraft[] = [];
  for (const one of lines.value) {
    const event = readEventLine(one);
    if (!event.ok) return event;
    events.push(event.value);
  }
  return ok(events);
}

function readEventLine({ line, text }: BodyLine): Read<EventDraft> {
  const parsed = parseExactJson(text, { maxDepth: MAX_DEPTH, what: `line ${line}` });
  if (!parsed.ok) return parsed;
  return checkAgainst(eventDraftSchema, parsed.value, `line ${line}`);
}
