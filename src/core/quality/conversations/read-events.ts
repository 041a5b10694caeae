import type { Result } from "../../model/result.ts";
import type { ConversationStore, EventPage, EventQuery } from "../../ports/conversation-store.ts";
import type { SharedCacheFailure } from "../../ports/shared-cache.ts";
import { CONVERSATION_DEADLINE_MS } from "./append-events.ts";

/** What a page of events may hold before it ends early. */
const MAX_PAGE_BYTES = 1024 * 1024;

/** A page of a conversation's events. One round trip; holds a page. */
export const readEvents = (
  { conversations }: { readonly conversations: ConversationStore },
  conversation: string,
  query: Omit<EventQuery, "maxBytes">,
): Promise<Result<EventPage, SharedCacheFailure>> =>
  conversations.read(
    conversation,
    { ...query, maxBytes: MAX_PAGE_BYTES },
    CONVERSATION_DEADLINE_MS,
  );
