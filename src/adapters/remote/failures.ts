import { fail, type Result } from "../../core/model/result.ts";
import type { RemoteFailure } from "../../core/ports/remote-models.ts";

/** What went wrong, for a log: never a header, a body or a word of the remote's. */
export const remoteFailure = (
  reason: RemoteFailure["reason"],
  detail: string,
  mayRetry: boolean,
  cause?: unknown,
): Result<never, RemoteFailure> =>
  fail({ reason, detail, mayRetry, ...(cause === undefined ? {} : { cause }) });

export const notAllowed = (detail: string): Result<never, RemoteFailure> =>
  remoteFailure("remote_not_allowed", detail, false);
