import { type ConversationEvent, readEvent } from "../../core/model/conversation-event.ts";
import { ok } from "../../core/model/result.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type {
  ConversationStore,
  EventPage,
  EventQuery,
  KeptEvent,
} from "../../core/ports/conversation-store.ts";

interface Conversation {
  readonly events: KeptEvent[];
  readonly keys: Map<
    string,
    { readonly request: string; readonly from: number; readonly to: number }
  >;
  untilMs: number;
}

/** The conversation store port in this process's memory: for tests and for trying things out. */
export function createMemoryConversationStore({ now }: Pick<Clock, "now">): ConversationStore {
  const kept = new Map<string, Conversation>();
  const find = (id: string): Conversation => {
    const found = kept.get(id);
    if (found !== undefined && now() < found.untilMs) return found;
    return { events: [], keys: new Map(), untilMs: 0 };
  };
  return {
    async append(id, events, { idempotency, maxEvents, keepMs }) {
      const conversation = find(id);
      const { events: before, keys } = conversation;
      const known = idempotency && keys.get(idempotency.key);
      if (known !== undefined) {
        if (known.request !== idempotency?.request) return ok({ kind: "key_reused" });
        const then = before.slice(known.from, known.to).map(eventOf);
        return ok({ kind: "repeated", total: before.length, events: then });
      }
      const from = before.length;
      const to = from + events.length;
      if (to > maxEvents) return ok({ kind: "full", total: from });
      before.push(...events);
      if (idempotency) keys.set(idempotency.key, { request: idempotency.request, from, to });
      conversation.untilMs = now() + keepMs;
      kept.set(id, conversation);
      return ok({ kind: "appended", total: to });
    },
    read: async (id, query) => ok(pageOf(find(id).events, query)),
  };
}

/** Places count from 1; a cursor is the place of the last event of the page before. */
function pageOf(all: readonly KeptEvent[], query: EventQuery): EventPage {
  const { latest, limit, cursor, maxBytes } = query;
  const places = [...all.entries()].map(([index, event]) => ({ place: index + 1, event }));
  const wanted = (latest ? lastOfEach([...places].reverse(), query) : places).filter(
    ({ place, event }) =>
      matches(event, query) && (cursor === undefined || (latest ? place < cursor : place > cursor)),
  );
  const page: typeof wanted = [];
  let bytes = 0;
  for (const one of wanted) {
    if (page.length >= limit || bytes >= maxBytes) break;
    page.push(one);
    bytes += one.event.text.length;
  }
  const events = page.map(({ event }) => eventOf(event));
  const last = page.at(-1);
  return page.length < wanted.length && last !== undefined
    ? { events, total: all.length, nextCursor: last.place }
    : { events, total: all.length };
}

function lastOfEach(
  newestFirst: readonly { readonly place: number; readonly event: KeptEvent }[],
  query: EventQuery,
) {
  const seen = new Set<string>();
  return newestFirst.filter(({ event }) => {
    const key = `${event.category}\n${event.resource}`;
    if (!event.isValid || !matches(event, query) || seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

const matches = (event: KeptEvent, { category, resource, scene }: EventQuery): boolean =>
  (category === undefined || event.category === category) &&
  (resource === undefined || event.resource === resource) &&
  (scene === undefined || event.scene === scene);

function eventOf({ text }: KeptEvent): ConversationEvent {
  const event = readEvent(text);
  if (event === undefined) throw new Error("only events are appended");
  return event;
}
