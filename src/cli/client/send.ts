import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { Writable } from "node:stream";

export interface Outgoing {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent one after another, with their length told beforehand. */
  readonly body?: readonly Uint8Array[];
  /** Called with the bytes that the connection has taken so far. */
  readonly onSent?: ((bytes: number) => void) | undefined;
  /** Silence for this long ends it. */
  readonly idleMs: number;
}

export interface Incoming {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

const PIECE_BYTES = 64 * 1024;

/**
 * One request over Node's own HTTP. `fetch` was no choice: it tells nothing of how far an
 * upload is, and sends a stream without a length. Redirects are not followed, so a token
 * goes to no other host.
 * @throws what the connection fails with
 */
export function send(outgoing: Outgoing): Promise<Incoming> {
  const { method, url, headers, body = [], idleMs } = outgoing;
  const length = body.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const request = url.protocol === "https:" ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    let isAnswered = false;
    const sent = request(url, {
      method,
      headers: { ...headers, ...(body.length === 0 ? {} : { "content-length": length }) },
      timeout: idleMs,
    });
    sent.on("timeout", () => sent.destroy(new Error(`no answer within ${idleMs / 1000} s`)));
    sent.on("response", (response) => {
      isAnswered = true;
      const pieces: Buffer[] = [];
      response.on("data", (piece: Buffer) => pieces.push(piece));
      response.on("error", reject);
      response.on("end", () => {
        const { statusCode = 0, headers: answered } = response;
        resolve({
          status: statusCode,
          headers: answered,
          text: Buffer.concat(pieces).toString("utf8"),
        });
        // A refusal may come before the last byte is sent: the rest is not wanted.
        sent.destroy();
      });
    });
    sent.on("error", (error) => {
      if (!isAnswered) reject(error);
    });
    void write(sent, body, outgoing.onSent).then(() => sent.end(), reject);
  });
}

async function write(
  to: Writable,
  body: readonly Uint8Array[],
  onSent: ((bytes: number) => void) | undefined,
): Promise<void> {
  let sentBytes = 0;
  for (const part of body) {
    for (let start = 0; start < part.byteLength; start += PIECE_BYTES) {
      if (to.destroyed) return;
      const piece = part.subarray(start, start + PIECE_BYTES);
      if (!to.write(piece)) await drained(to);
      sentBytes += piece.byteLength;
      onSent?.(sentBytes);
    }
  }
}

const drained = (to: Writable): Promise<void> =>
  new Promise((resolve) => {
    const go = () => {
      to.off("drain", go);
      to.off("close", go);
      resolve();
    };
    to.on("drain", go);
    to.on("close", go);
  });
