import { type ConversationEvent, readEvent } from "../../core/model/conversation-event.ts";
import { fail, ok, type Result } from "../../core/model/result.ts";
import type {
  Appended,
  ConversationStore,
  KeptEvent,
} from "../../core/ports/conversation-store.ts";
import type { SharedCacheFailure } from "../../core/ports/shared-cache.ts";
import { call, evaluate, isTexts, type UpstashConfig, unexpected } from "./client.ts";
import { APPEND, READ } from "./conversation-scripts.ts";

/** The conversation store port over Upstash's REST protocol. One HTTP call each, with one atomic script. */
export function createUpstashConversationStore(config: UpstashConfig): ConversationStore {
  const run = <T>(
    script: string,
    conversation: string,
    words: readonly string[],
    deadlineMs: number,
    read: (answer: readonly string[]) => Result<T, SharedCacheFailure>,
  ) =>
    call<T>("EVAL", async () => {
      const keys = ["conv", "conv-headers"].map(
        (kind) => `${config.keyPrefix}${kind}:${conversation}`,
      );
      const answer = await evaluate(config, script, keys, words, deadlineMs);
      return isTexts(answer) && answer.length >= 2 ? read(answer) : unexpected("EVAL");
    });
  return {
    append: (conversation, events, { idempotency, maxEvents, keepMs, deadlineMs }) => {
      const words = [
        idempotency === undefined ? "-" : `key:${idempotency.key}`,
        idempotency?.request ?? "-",
        String(maxEvents),
        String(keepMs),
        ...events.flatMap((event) => [headerOf(event), event.text]),
      ];
      return run(APPEND, conversation, words, deadlineMs, readAppended);
    },
    read: (conversation, query, deadlineMs) => {
      const words = [
        wanted(query.category),
        wanted(query.resource),
        wanted(query.scene),
        String(query.cursor ?? 0),
        String(query.limit),
        String(query.maxBytes),
        query.latest ? "latest" : "all",
      ];
      return run(READ, conversation, words, deadlineMs, ([next, total, ...texts]) => {
        const events = readAll(texts);
        if (!events.ok) return events;
        const page = { events: events.value, total: Number(total) };
        return ok(next === "0" ? page : { ...page, nextCursor: Number(next) });
      });
    },
  };
}

// No word of an event has a line break in it.
const headerOf = ({ isValid, category, resource, scene }: KeptEvent): string =>
  [isValid ? "1" : "0", category, resource, scene].join("\n");

const wanted = (word: string | undefined): string => (word === undefined ? "*" : `=${word}`);

function readAppended([kind, told, ...texts]: readonly string[]): Result<
  Appended,
  SharedCacheFailure
> {
  const total = Number(told);
  if (kind === "appended" || kind === "full") return ok({ kind, total });
  if (kind === "key_reused") return ok({ kind });
  if (kind !== "repeated") return unexpected("EVAL");
  const events = readAll(texts);
  return events.ok ? ok({ kind, total, events: events.value }) : events;
}

function readAll(
  texts: readonly string[],
): Result<readonly ConversationEvent[], SharedCacheFailure> {
  const events = texts.map(readEvent);
  return events.every((event) => event !== undefined)
    ? ok(events)
    : fail({ reason: "refused", detail: "EVAL: an event of the conversation is damaged" });
}
