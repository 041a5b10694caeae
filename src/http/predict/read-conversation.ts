import {
  type ConversationPlace,
  conversationPlaceSchema,
} from "../../core/model/conversation-event.ts";
import type { Result } from "../../core/model/result.ts";
import type { Refusal } from "../problem.ts";
import { checkAgainst } from "../registry/read-json-body.ts";

/** Reads where the answers of a prediction are to be appended. Apart from the rest, as few ask for it. */
export const readConversation = (
  value: unknown,
): Result<ConversationPlace, Refusal & { readonly reason: string }> =>
  checkAgainst(conversationPlaceSchema, value, "conversation");
