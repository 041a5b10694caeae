import type { Result } from "../../core/model/result.ts";
import type { RemoteAnswer, RemoteFailure } from "../../core/ports/remote-models.ts";

/** One question in a protocol's words, and how its answer is read. */
export interface Exchange {
  /** What is asked, below the strategy's own address. */
  readonly url: string;
  readonly body: string;
  read(text: string): Result<RemoteAnswer, RemoteFailure>;
}

/** The most that is kept of what a remote calls itself. */
const NAME = /^[\x20-\x7e]{1,128}$/;

/** A remote's name for a model or a version, where it gives one that a header can carry. */
export const nameOr = (given: unknown, otherwise: string): string =>
  typeof given === "string" && NAME.test(given) && given.trim() !== "" ? given.trim() : otherwise;
