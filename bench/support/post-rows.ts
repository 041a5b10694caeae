import { type Agent, request } from "node:http";
import { Readable } from "node:stream";

/** A request whose answer is lines of results. */
export interface RowsPost {
  readonly url: string;
  readonly agent: Agent;
  readonly type: "application/json" | "application/x-ndjson";
  /** Sent as fast as the server reads. */
  readonly pieces: readonly Uint8Array[];
  /** Given the answer while it comes; the server waits for it. */
  readonly onPiece: (piece: Uint8Array) => void;
}

/**
 * Sends rows and reads their answers meanwhile, to the end.
 * @throws with the answer's text when it is not 200, when it breaks off, or what `onPiece` throws
 */
export async function postRows({ url, agent, type, pieces, onPiece }: RowsPost): Promise<void> {
  const headers = { "content-type": type, accept: "application/x-ndjson" };
  const sent = request(url, { method: "POST", agent, headers });
  const answered = new Promise<void>((resolve, reject) => {
    sent.on("error", reject);
    sent.on("response", (response) => {
      const take = async () => {
        let refusal = "";
        for await (const piece of response) {
          if (response.statusCode === 200) onPiece(piece);
          else refusal += piece;
        }
        if (response.statusCode !== 200) throw new Error(`${response.statusCode} ${refusal}`);
      };
      take().then(resolve, reject);
    });
  });
  Readable.from(pieces).pipe(sent);
  try {
    await answered;
  } finally {
    // A refusal, or a wrong row, may come before the last one is sent.
    if (!sent.writableFinished) sent.destroy();
  }
}
