import type { ConversationEvent } from "../model/conversation-event.ts";
import type { Result } from "../model/result.ts";
import type { SharedCacheFailure } from "./shared-cache.ts";

export type ConversationAnswer<T> = Promise<Result<T, SharedCacheFailure>>;

/** An event as it is kept: what it is found by, and all of it. */
export interface KeptEvent {
  readonly category: string;
  readonly resource: string;
  /** Empty: none. */
  readonly scene: string;
  /** May be taken for the latest of its category and resource. */
  readonly isValid: boolean;
  /** The event's JSON. */
  readonly text: string;
}

export interface AppendOptions {
  /** Digests in hex of the caller's key and of what it asked for: the same again appends nothing. */
  readonly idempotency?: { readonly key: string; readonly request: string } | undefined;
  /** In the conversation, with these. */
  readonly maxEvents: number;
  /** Milliseconds until the conversation is forgotten, from now. */
  readonly keepMs: number;
  readonly deadlineMs: number;
}

/** `total`: events in the conversation. */
export type Appended =
  | { readonly kind: "appended"; readonly total: number }
  /** It was appended before: the events of then. */
  | {
      readonly kind: "repeated";
      readonly total: number;
      readonly events: readonly ConversationEvent[];
    }
  /** The key came with something else before. */
  | { readonly kind: "key_reused" }
  /** There is no room for all of them: none was appended. */
  | { readonly kind: "full"; readonly total: number };

/** Which events; what is left out may be anything. */
export interface EventQuery {
  readonly category?: string | undefined;
  readonly resource?: string | undefined;
  readonly scene?: string | undefined;
  /** Only the last valid one of each category and resource, among those of the query. */
  readonly latest: boolean;
  readonly limit: number;
  /** Where the page before ended. */
  readonly cursor?: number | undefined;
  /** The page ends with the event that brings it to this many bytes. */
  readonly maxBytes: number;
}

export interface EventPage {
  /** As they were appended, oldest first; with `latest`, newest first. */
  readonly events: readonly ConversationEvent[];
  /** Of the conversation, not of the query. */
  readonly total: number;
  readonly nextCursor?: number;
}

/** Events of conversations, in one order that never changes; only appended, and forgotten together. */
export interface ConversationStore {
  /** All of them one after another, or none; in one atomic step. An answer that got lost may have been carried out. */
  append(
    conversation: string,
    events: readonly KeptEvent[],
    options: AppendOptions,
  ): ConversationAnswer<Appended>;
  /** One round trip. A conversation that is not there has no events. */
  read(conversation: string, query: EventQuery, deadlineMs: number): ConversationAnswer<EventPage>;
}
