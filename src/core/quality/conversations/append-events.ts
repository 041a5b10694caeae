import {
  type ConversationEvent,
  type EventDraft,
  isValidEvent,
  MAX_CONVERSATION_EVENTS,
  readEvent,
} from "../../model/conversation-event.ts";
import { fail, ok, type Result } from "../../model/result.ts";
import type { Clock } from "../../ports/clock.ts";
import type { AppendOptions, ConversationStore } from "../../ports/conversation-store.ts";
import type { SharedCacheFailure } from "../../ports/shared-cache.ts";

/** Milliseconds for one round trip: a caller waits for an event to be kept. */
export const CONVERSATION_DEADLINE_MS = 5_000;

export interface AppendDeps {
  readonly conversations: ConversationStore;
  readonly clock: Pick<Clock, "now">;
  /** A ULID of this time, later than the one before (https://github.com/ulid/spec). */
  readonly newUlid: (atMs: number) => string;
  /** Milliseconds since its last event for which a conversation is kept. */
  readonly keepMs: number;
  /** Milliseconds that it may take; left out: `CONVERSATION_DEADLINE_MS`. */
  readonly deadlineMs?: number;
}

export type AppendFailure =
  | {
      readonly reason: "conversation_full" | "idempotency_key_reused";
      readonly detail: string;
      readonly cause?: unknown;
    }
  | SharedCacheFailure;

export interface AppendedEvents {
  readonly events: readonly ConversationEvent[];
  /** In the conversation now. */
  readonly total: number;
  /** They were there already: the same request came before. */
  readonly isRepeated: boolean;
}

/** Appends events in their order, all or none. One round trip; with an idempotency key harmless to repeat. */
export async function appendEvents(
  { conversations, clock, newUlid, keepMs, deadlineMs = CONVERSATION_DEADLINE_MS }: AppendDeps,
  conversation: string,
  drafts: readonly EventDraft[],
  idempotency?: AppendOptions["idempotency"],
): Promise<Result<AppendedEvents, AppendFailure>> {
  const nowMs = clock.now();
  const at = new Date(nowMs).toISOString();
  const kept = drafts.map((draft) => ({
    category: draft.category,
    resource: draft.resource,
    scene: draft.scene ?? "",
    isValid: isValidEvent(draft),
    text: JSON.stringify({ id: newUlid(nowMs), at, ...draft }),
  }));
  const appended = await conversations.append(conversation, kept, {
    idempotency,
    maxEvents: MAX_CONVERSATION_EVENTS,
    keepMs,
    deadlineMs,
  });
  if (!appended.ok) return appended;
  const answer = appended.value;
  switch (answer.kind) {
    case "appended": {
      // As a reader will see them.
      const events = kept.flatMap(({ text }) => readEvent(text) ?? []);
      return ok({ events, total: answer.total, isRepeated: false });
    }
    case "repeated":
      return ok({ events: answer.events, total: answer.total, isRepeated: true });
    case "key_reused":
      return fail({
        reason: "idempotency_key_reused",
        detail:
          "this Idempotency-Key came with other events before: take a new key for each append",
      });
    case "full":
      return fail({
        reason: "conversation_full",
        detail: `the conversation has ${answer.total} of ${MAX_CONVERSATION_EVENTS} events, no room for ${drafts.length} more: go on in a conversation of a new id`,
      });
  }
}
