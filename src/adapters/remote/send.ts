import type { FlightContext } from "../../core/cache/single-flight.ts";
import { ok, type Result } from "../../core/model/result.ts";
import type { RemoteFailure } from "../../core/ports/remote-models.ts";
import { remoteFailure } from "./failures.ts";
import { readText } from "./read-text.ts";

/** The platform's `fetch`, as far as it is used. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface RemoteCall {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** By the context's clock, in milliseconds since 1970. */
  readonly endMs: number;
}

export interface SendDeps {
  readonly fetch: Fetch;
  /** 0 ≤ r < 1, for the jitter. */
  readonly random: () => number;
}

/** Of an answer's body, unpacked. */
export const MAX_ANSWER_BYTES = 1024 * 1024;

const MAX_TRIES = 3;
const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 2_000;

/** A failure that another try at once may mend, with the pause that the remote asked for. */
interface Tried {
  readonly outcome: Result<string, RemoteFailure>;
  readonly tryAgain: boolean;
  readonly retryAfterMs?: number | undefined;
}

/**
 * POSTs JSON and reads the answer's text. What was not answered, and 429, 502, 503 and 504, are
 * tried twice more where the deadline leaves room. Redirects are not followed: they could lead
 * to a host that nobody allowed, with the secret. Never rejects.
 */
export async function send(
  { fetch, random }: SendDeps,
  { clock }: FlightContext,
  call: RemoteCall,
): Promise<Result<string, RemoteFailure>> {
  for (let tries = 1; ; tries += 1) {
    const { outcome, tryAgain, retryAfterMs } = await attempt(
      fetch,
      call,
      call.endMs - clock.now(),
      clock.now(),
    );
    if (outcome.ok || !tryAgain || tries === MAX_TRIES) return outcome;
    // Full jitter: AWS Architecture Blog, "Exponential backoff and jitter".
    const delayMs =
      retryAfterMs ?? random() * Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (tries - 1));
    if (clock.now() + delayMs >= call.endMs) return outcome;
    await clock.after(delayMs).done;
  }
}

async function attempt(
  fetch: Fetch,
  { url, headers, body }: RemoteCall,
  leftMs: number,
  nowMs: number,
): Promise<Tried> {
  // A fraction of a millisecond would throw.
  const signal = AbortSignal.timeout(Math.max(1, Math.ceil(leftMs)));
  try {
    const init = { method: "POST", headers, body, redirect: "manual", signal } as const;
    const answer = await fetch(url, init);
    if (answer.ok) return { outcome: await read(answer), tryAgain: false };
    // What it says is the remote's business: it goes into no log.
    await answer.body?.cancel().catch(() => undefined);
    return refused(answer, nowMs);
  } catch (cause) {
    if (signal.aborted) {
      const late = remoteFailure("remote_timeout", "no whole answer in time", true, cause);
      return { outcome: late, tryAgain: false };
    }
    const broken = "no answer, or one that was cut short";
    return { outcome: remoteFailure("remote_unreachable", broken, true, cause), tryAgain: true };
  }
}

async function read(answer: Response): Promise<Result<string, RemoteFailure>> {
  const body = await readText(answer.body, MAX_ANSWER_BYTES);
  if (body.kind === "text") return ok(body.text);
  return body.kind === "too_large"
    ? remoteFailure("remote_too_large", `the answer is over ${MAX_ANSWER_BYTES} bytes`, false)
    : remoteFailure("remote_invalid_answer", "the answer is not UTF-8", false);
}

const PASSING: ReadonlySet<number> = new Set([429, 502, 503, 504]);

function refused({ status, headers }: Response, nowMs: number): Tried {
  if (status >= 300 && status < 400) {
    const outcome = remoteFailure("remote_refused", "a redirect, which is not followed", false);
    return { outcome, tryAgain: false };
  }
  const mayRetry = status === 429 || status >= 500;
  const outcome = remoteFailure("remote_refused", `it answered ${status}`, mayRetry);
  const retryAfterMs = readRetryAfter(headers.get("retry-after"), nowMs);
  return { outcome, tryAgain: PASSING.has(status), retryAfterMs };
}

/** Seconds or a date (RFC 9110, section 10.2.3), as milliseconds from now. */
function readRetryAfter(text: string | null, nowMs: number): number | undefined {
  if (text === null) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}
