import { getTextEncoding } from "@bufbuild/protobuf/wire";
import * as z from "zod/mini";
import { auditKey } from "../../model/keys.ts";
import { isModelName } from "../../model/reference.ts";
import type { Bytes } from "../../model/tensor.ts";

const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/, "not a lower-case hexadecimal SHA-256"));

/** Names one object and what its bytes must be. */
const linkSchema = z.object({ key: z.string(), sha256 });

/**
 * `audit/{yyyy}/{mm}/{dd}/{ulid}.json`: one admin action, written down before it is carried
 * out. Unknown fields are kept and hashed: a newer writer may have put them there.
 */
const auditEntrySchema = z.looseObject({
  /** A ULID: ascends along the chain. */
  id: z.string().check(z.regex(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/, "not a ULID")),
  /** Always after the previous entry's, whatever the clocks say. */
  at: z.iso.datetime(),
  actor: z.string(),
  action: z.string(),
  /** Missing where the action is not about one model. */
  model: z.optional(z.string().check(z.refine(isModelName, "not a model name"))),
  /** What of the model, or which object: an alias, a version, a digest. */
  target: z.optional(z.string()),
  request_id: z.string(),
  params: z.record(z.string(), z.unknown()),
  reason: z.optional(z.string()),
  /** The entry before it; `null` for the first. */
  prev: z.nullable(linkSchema),
});

export type AuditLink = z.output<typeof linkSchema>;
export type AuditEntry = z.output<typeof auditEntrySchema>;

/** Why nothing could be said or written about the audit. */
export interface AuditFailure {
  readonly reason: "audit_unavailable";
  /** For the log: holds keys. */
  readonly detail: string;
  readonly cause?: unknown;
}

/** An entry as the very text that is stored and hashed: no parser and no writer may change a byte of it. */
export const entryText = (entry: AuditEntry): string => `${JSON.stringify(entry, null, 2)}\n`;

export const textBytes = (text: string): Bytes => getTextEncoding().encodeUtf8(text);

/** Reads an entry back; `undefined` for what is none. */
export function parseEntry(bytes: Uint8Array): AuditEntry | undefined {
  try {
    const parsed = auditEntrySchema.safeParse(
      JSON.parse(getTextEncoding().decodeUtf8(bytes, true)),
    );
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

export const keyOf = ({ id, at }: AuditEntry): string => auditKey(id, at);
