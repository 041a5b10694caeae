import {
  type ConversationPlace,
  conversationPlaceSchema,
  EVENT_WORD,
} from "../../core/model/conversation-event.ts";
import { ID_ALPHABET } from "../../core/model/entity.ts";
import { fail, ok, type Result } from "../../core/model/result.ts";
import { clip } from "../../core/predict/rows/row-error.ts";
import type { Refusal } from "../problem.ts";

const ALLOWED: Readonly<Record<keyof ConversationPlace, string>> = {
  id: `must be ${ID_ALPHABET}`,
  category: EVENT_WORD,
  resource: EVENT_WORD,
  scene: `${EVENT_WORD}, or be left out`,
};

const MEMBERS = `an object of id, category, resource and, if you like, scene: {"id": "c-1", "category": "risk", "resource": "loan"}`;

/**
 * Reads where the answers of a prediction are to be appended; says of each member that is wrong
 * what it may be. Apart from the rest, as few ask for it.
 */
export function readConversation(
  value: unknown,
): Result<ConversationPlace, Refusal & { readonly reason: string }> {
  const checked = conversationPlaceSchema.safeParse(value);
  if (checked.success) return ok(checked.data);
  const errors = checked.error.issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({
        path: `conversation.${clip(key)}`,
        message: `is not known: conversation is ${MEMBERS}`,
      }));
    }
    const [member] = issue.path;
    return member === undefined
      ? { path: "conversation", message: `must be ${MEMBERS}` }
      : { path: `conversation.${String(member)}`, message: told(value, String(member)) };
  });
  const { path, message } = errors[0] ?? { path: "conversation", message: `must be ${MEMBERS}` };
  const code = "invalid_request";
  return fail({ reason: code, status: 400, code, detail: `${path} ${message}`, errors });
}

function told(value: unknown, member: string): string {
  const isMissing = (value as Readonly<Record<string, unknown>>)[member] === undefined;
  const allowed = ALLOWED[member as keyof ConversationPlace];
  return isMissing ? `is missing: it ${allowed}` : allowed;
}
