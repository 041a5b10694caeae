import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
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
 * One request over Node's own HTTP whose answer is read while its body is still being sent: what
 * is held of either is what fits into the connection's buffers. Not sent again when it breaks.
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
  const sending = pipeline(Readable.from(body), sent).catch((error) => {
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
