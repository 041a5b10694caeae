import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What the remote does with one question. */
export interface Reply {
  readonly how: "answers" | "fails" | "hangs";
  readonly afterMs: number;
}

/**
 * A server of the Open Inference Protocol that never gives an answer twice: each is a number of
 * its own, and the model's version with it. So whoever was given what can be told from an answer.
 */
export interface InconstantRemote {
  readonly url: string;
  /** What has been answered to rows with this first feature. */
  given(mark: number): readonly number[];
  /** What is done with the questions from now on, in turn and from the start again. */
  plan(replies: readonly Reply[]): void;
  stop(): Promise<void>;
}

export const REMOTE_MODEL = "inconstant";
/** Far from what any fast model answers, and exact as FP32. */
const FIRST_ANSWER = 100_000;

export async function startInconstantRemote(output: string): Promise<InconstantRemote> {
  const given = new Map<number, number[]>();
  let replies: readonly Reply[] = [{ how: "answers", afterMs: 0 }];
  let questions = 0;
  let last = FIRST_ANSWER;
  const answer = (mark: number): string => {
    last += 1;
    given.set(mark, [...(given.get(mark) ?? []), last]);
    const outputs = [{ name: output, datatype: "FP32", shape: [1, 1], data: [last] }];
    return JSON.stringify({ model_name: REMOTE_MODEL, model_version: `${last}`, outputs });
  };
  const reply = (response: ServerResponse, mark: number) => {
    const { how, afterMs } = replies[questions % replies.length] ?? { how: "answers", afterMs: 0 };
    questions += 1;
    if (how === "hangs") return;
    setTimeout(() => {
      response.writeHead(how === "fails" ? 500 : 200, { "content-type": "application/json" });
      response.end(how === "fails" ? "{}" : answer(mark));
    }, afterMs);
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.once("end", () => reply(response, markOf(Buffer.concat(chunks).toString("utf8"))));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    given: (mark) => given.get(mark) ?? [],
    plan(next) {
      replies = next;
      questions = 0;
    },
    stop() {
      server.closeAllConnections();
      return new Promise((done) => server.close(() => done()));
    },
  };
}

/** The first element of the first input. */
function markOf(body: string): number {
  const { inputs } = JSON.parse(body) as { inputs: readonly { data: readonly unknown[] }[] };
  return Number(inputs[0]?.data.flat(9)[0]);
}
