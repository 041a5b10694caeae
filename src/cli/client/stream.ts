import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Outgoing } from "./send.ts";

/** A request whose body is made while it is sent. */
export type OutgoingStream = Pick<Outgoing, "method" | "url" | "headers" | "idleMs"> & {
  readonly body: AsyncIterable<string>;
};

/** An answer that has begun. */
export interface IncomingStream {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  /** What comes of the body, as it comes. Throws when the connection breaks, or the body could not be made. */
  readonly pieces: AsyncIterable<Uint8Array>;
}

/**
 * What is sent before the answer is waited for, in characters: a server that refuses reads on for
 * as much, so that its answer is not lost with the connection (RFC 9112, section 9.6).
 */
const FIRST_CHARACTERS = 16_384;
/** A server that wants more before it says anything has it after this long. */
const FIRST_ANSWER_MS = 3_000;

/**
 * One request over Node's own HTTP whose answer is read while its body is still being sent: what
 * is held of either is what fits into the connection's buffers. Not sent again when it breaks.
 * Some lines are sent first, and the rest once the answer begins: a refusal that comes amid an
 * upload is lost with the connection that it closes, and `Expect: 100-continue` is not answered
 * by workerd.
 * @throws what the connection fails with, or what `body` throws before there is an answer
 */
export async function stream(outgoing: OutgoingStream): Promise<IncomingStream> {
  const { method, url, headers, idleMs, body } = outgoing;
  const request = url.protocol === "https:" ? requestHttps : requestHttp;
  const sent = request(url, { method, headers, timeout: idleMs });
  sent.on("timeout", () => sent.destroy(new Error(`no answer within ${idleMs / 1000} s`)));
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    sent.on("response", resolve);
    sent.on("error", reject);
  });
  let failure: unknown;
  const paced = hearFirst(body, answered);
  const sending = pipeline(Readable.from(paced), sent).catch((error) => {
    failure = error;
    throw error;
  });
  // A refusal may come before the last byte is sent: the rest is not wanted.
  const response = await Promise.race([answered, sending.then(() => answered)]);
  sending.catch(() => undefined);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    pieces: read(response, () => failure),
  };
}

/** The body, held back after its first lines until there is an answer; ended by a refusal. */
async function* hearFirst(
  body: AsyncIterable<string>,
  answered: Promise<IncomingMessage>,
): AsyncGenerator<string, void, undefined> {
  let hasHeard = false;
  for await (const piece of body) {
    let rest = piece;
    while (!hasHeard && rest !== "") {
      const first = rest.slice(0, FIRST_CHARACTERS);
      rest = rest.slice(FIRST_CHARACTERS);
      yield first;
      // What waits for the end of a line says nothing before.
      if (!first.includes("\n")) continue;
      hasHeard = true;
      const waited = new AbortController();
      const late = sleep(FIRST_ANSWER_MS, undefined, { signal: waited.signal });
      const answer = await Promise.race([answered, late]).finally(() => waited.abort());
      if (answer !== undefined && !isTaken(answer)) return;
    }
    if (rest !== "") yield rest;
  }
}

const isTaken = ({ statusCode = 0 }: IncomingMessage): boolean =>
  statusCode >= 200 && statusCode <= 299;

async function* read(
  response: IncomingMessage,
  failure: () => unknown,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for await (const piece of response) yield piece as Uint8Array;
  } catch (error) {
    // What could not be read or sent is the cause of what the connection says.
    throw failure() ?? error;
  }
}
