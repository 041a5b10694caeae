import * as z from "zod/mini";
import { ID_ALPHABET, isOwnId, jsonBytes } from "./entity.ts";

/** Of one event's payload as JSON in UTF-8. */
export const MAX_PAYLOAD_BYTES = 64 * 1024;
export const MAX_APPENDED_EVENTS = 1_000;
/**
 * What one append may have as JSON, as it came and as it is written: it is one request to Redis,
 * which may have 1 MB on small plans, and in which every quote is two characters.
 */
export const MAX_APPEND_BYTES = 320 * 1024;
export const MAX_CONVERSATION_EVENTS = 10_000;

/** What came before events told whence they are. */
const UNKNOWN = "unknown";

/** One thing that happened in a conversation: a result, by category, resource and scene. */
export interface ConversationEvent {
  /** A ULID. */
  readonly id: string;
  /** ISO 8601, of the server that took it. */
  readonly at: string;
  readonly category: string;
  readonly resource: string;
  readonly scene?: string | undefined;
  readonly payload: unknown;
  /** `false`: not to be taken for the latest. */
  readonly valid?: boolean | undefined;
  readonly _model: string;
  readonly _strategy: string;
  readonly _version: string;
}

export const isEventWord = (text: string): boolean => /^[^\p{Cc}\p{Cs}]{1,128}$/u.test(text);
export const EVENT_WORD = "must be 1 to 128 characters without control characters";

const word = z.string().check(z.refine(isEventWord, EVENT_WORD));
const provenance = z.optional(z.string().check(z.minLength(1), z.maxLength(256)));

/** What a caller appends: strict, as a misspelt field would be lost. */
export const eventDraftSchema = z.strictObject({
  category: word,
  resource: word,
  scene: z.optional(word),
  payload: z
    .custom<unknown>((payload) => payload !== undefined, "is missing; null is one")
    .check(
      z.refine(
        (payload) => jsonBytes(payload) <= MAX_PAYLOAD_BYTES,
        `may have ${MAX_PAYLOAD_BYTES} bytes as JSON at most`,
      ),
    ),
  valid: z.optional(z.boolean()),
  _model: provenance,
  _strategy: provenance,
  _version: provenance,
});
export type EventDraft = z.output<typeof eventDraftSchema>;

/** Where a caller of a prediction wants its answers appended. */
export const conversationPlaceSchema = z.strictObject({
  id: z.string().check(z.refine(isOwnId, `must be ${ID_ALPHABET}`)),
  category: word,
  resource: word,
  scene: z.optional(word),
});
export type ConversationPlace = z.output<typeof conversationPlaceSchema>;

/** Whether it may be taken for the latest of its category and resource. */
export const isValidEvent = ({ payload, valid }: Pick<ConversationEvent, "payload" | "valid">) =>
  payload !== null && valid !== false;

/** An event as it is kept, read: whence it came is `unknown` where it does not say. `undefined` for what is none. */
export function readEvent(text: string): ConversationEvent | undefined {
  try {
    const kept: unknown = JSON.parse(text);
    const parsed = keptSchema.safeParse(kept);
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

const source = z._default(z.string(), UNKNOWN);

const keptSchema = z.object({
  id: z.string(),
  at: z.string(),
  category: z.string(),
  resource: z.string(),
  scene: z.optional(z.string()),
  payload: z.unknown(),
  valid: z.optional(z.boolean()),
  _model: source,
  _strategy: source,
  _version: source,
});
