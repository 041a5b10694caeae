import { getTextEncoding } from "@bufbuild/protobuf/wire";
import * as z from "zod/mini";
import { isObject } from "./is-object.ts";

export const ENTITY_STATES = ["open", "finished"] as const;
/** `open`: something may still happen to it. `finished`: its outcome is known. */
export type EntityState = (typeof ENTITY_STATES)[number];

/** What became of it: a class, a number, yes or no. */
export type Outcome = string | number | boolean;

export type Features = Readonly<Record<string, unknown>>;

/** Of the features' JSON in UTF-8. */
export const MAX_FEATURES_BYTES = 64 * 1024;
export const MAX_OUTCOME_CHARS = 1024;
/**
 * What one request may have read of entities, as they are stored, in bytes. Read into objects
 * they may take ten times as much, of an isolate's 128 MB.
 */
export const MAX_READ_BYTES = 4 * 1024 * 1024;

const TYPE = /^[a-z][a-z0-9_-]{0,31}$/;
const ID = /^[A-Za-z0-9_][A-Za-z0-9._~:@+=-]{0,255}$/;

export const isEntityType = (text: string): boolean => TYPE.test(text);

/** A caller's own id, of an entity or a conversation: it stands in a path as it is, and sorts by its bytes. */
export const isOwnId = (text: string): boolean => ID.test(text);

export const TYPE_ALPHABET = "a lower-case letter, then up to 31 of a-z, 0-9, '_' or '-'";
export const ID_ALPHABET =
  "a letter, digit or '_', then up to 255 letters, digits, '.', '_', '~', ':', '@', '+', '=' or '-'";

/** What is known of a thing in the world. */
export interface EntityContent {
  readonly state: EntityState;
  readonly features: Features;
  /** There exactly when it is finished. */
  readonly outcome?: Outcome;
  /** Milliseconds since 1970. */
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

export interface Entity extends EntityContent {
  readonly type: string;
  readonly id: string;
  /** Higher with each change of any entity of the type, so never the same twice, even when it was deleted in between. */
  readonly rev: number;
}

const features = z
  .custom<Features>(isObject, "must be an object of features")
  .check(
    z.refine(
      (given) => jsonBytes(given) <= MAX_FEATURES_BYTES,
      `may have ${MAX_FEATURES_BYTES} bytes as JSON at most`,
    ),
  );

const outcome = z.union(
  [z.string().check(z.maxLength(MAX_OUTCOME_CHARS)), z.number(), z.boolean()],
  `must be a number, true, false, or text of up to ${MAX_OUTCOME_CHARS} characters`,
);

const change = {
  /** Instead of all the features before; left out, they stay. */
  features: z.optional(features),
  state: z.optional(z.enum(ENTITY_STATES, "must be open or finished")),
  outcome: z.optional(outcome),
  /** Lets a finished one be opened again, or have another outcome. */
  replace: z.optional(z.boolean()),
};

const isWhole = ({
  state,
  outcome: given,
}: {
  readonly state?: unknown;
  readonly outcome?: unknown;
}) => (state === "finished") === (given !== undefined);

const WHOLE = {
  path: ["outcome"],
  message: "goes with state 'finished', and 'finished' with an outcome",
};

/** The body of a PUT: strict, as a misspelt field would be lost. */
export const entityChangeSchema = z.strictObject(change).check(z.refine(isWhole, WHOLE));
export type EntityChange = z.output<typeof entityChangeSchema>;

/** One line of many. */
export const entityLineSchema = z
  .strictObject({
    id: z.string().check(z.refine(isOwnId, `must be ${ID_ALPHABET}`)),
    ...change,
  })
  .check(z.refine(isWhole, WHOLE));

/** Bytes of a value's JSON in UTF-8. */
export const jsonBytes = (value: unknown): number =>
  getTextEncoding().encodeUtf8(JSON.stringify(value)).byteLength;
