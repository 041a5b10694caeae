import { randomUUID } from "node:crypto";
import { z } from "zod";
import { errorCodeOf } from "../error-code.ts";
import { parseExactOrUndefined } from "../exact-json.ts";
import { EXIT } from "../exit-codes.ts";
import { CliFailure, unreachable } from "../failure.ts";
import { encodeForm, type FormPart } from "./form.ts";
import { failureOf } from "./problem.ts";
import type { Incoming, Outgoing } from "./send.ts";
import { sendAgain } from "./send-again.ts";
import { type IncomingStream, stream } from "./stream.ts";

/** An answer that is only passed on. */
export const anything = z.unknown();

export interface ApiOptions {
  readonly url: URL;
  readonly token: string | undefined;
  readonly idleMs: number;
}

export type Query = Readonly<Record<string, string | undefined>>;

export interface Upload {
  readonly parts: readonly FormPart[];
  readonly onSent?: ((bytes: number) => void) | undefined;
}

/** An answer in full: the commands that read a refusal as news use it. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const NO_BODY = { headers: {}, body: [] } as const;

/** The HTTP API as the commands speak it. A refusal is thrown as a CliFailure. */
export class Api {
  readonly url: URL;
  readonly hasToken: boolean;
  readonly #token: string | undefined;
  readonly #idleMs: number;

  constructor({ url, token, idleMs }: ApiOptions) {
    this.url = url;
    this.hasToken = token !== undefined;
    this.#token = token;
    this.#idleMs = idleMs;
  }

  /** A call whose every status is an answer; only silence is thrown. */
  async ask(path: string, query: Query = {}, method = "GET"): Promise<Answer> {
    const { status, text } = await this.#send(method, path, query, NO_BODY);
    return { status, body: parseExactOrUndefined(text) };
  }

  async get<T>(schema: z.ZodType<T>, path: string, query: Query = {}): Promise<T> {
    return read(schema, await this.#send("GET", path, query, NO_BODY));
  }

  call<T>(schema: z.ZodType<T>, method: string, path: string, value: unknown): Promise<T> {
    return this.#write(schema, method, path, {}, JSON.stringify(value));
  }

  /** Sends rows that are JSON already: numbers stay as they are written. */
  rows<T>(schema: z.ZodType<T>, path: string, query: Query, lines: readonly string[]): Promise<T> {
    return this.#write(schema, "POST", path, query, `{"rows":[${lines.join(",")}]}`);
  }

  /** Sends lines as a whole, so that they can be sent again when their answer is lost. */
  lines<T>(schema: z.ZodType<T>, path: string, lines: readonly string[]): Promise<T> {
    return this.#write(schema, "POST", path, {}, lines.join("\n"), "application/x-ndjson");
  }

  async #write<T>(
    schema: z.ZodType<T>,
    method: string,
    path: string,
    query: Query,
    text: string,
    contentType = "application/json",
  ): Promise<T> {
    const given = { headers: { "content-type": contentType }, body: [Buffer.from(text)] };
    return read(schema, await this.#send(method, path, query, given));
  }

  async remove(path: string, query: Query = {}): Promise<unknown> {
    return read(anything, await this.#send("DELETE", path, query, NO_BODY));
  }

  async upload<T>(
    schema: z.ZodType<T>,
    path: string,
    query: Query,
    { parts, onSent }: Upload,
  ): Promise<{ readonly status: number; readonly value: T }> {
    const { contentType, body } = encodeForm(parts);
    const headers = { "content-type": contentType };
    const incoming = await this.#send("POST", path, query, { headers, body, onSent });
    return { status: incoming.status, value: read(schema, incoming) };
  }

  /**
   * Sends lines while they are made, and answers with what comes of the answer while it comes.
   * @throws CliFailure for a refusal, silence, or what `body` throws
   */
  async stream(
    path: string,
    query: Query,
    contentType: string,
    body: AsyncIterable<string>,
  ): Promise<IncomingStream> {
    const outgoing = this.#outgoing("POST", path, query, { "content-type": contentType });
    try {
      const { status, headers, pieces } = await stream({ ...outgoing, body });
      if (status >= 200 && status <= 299) return { status, headers, pieces: this.#heard(pieces) };
      const refusal: Uint8Array[] = [];
      for await (const piece of pieces) refusal.push(piece);
      throw failureOf({ status, headers, text: Buffer.concat(refusal).toString("utf8") });
    } catch (error) {
      throw error instanceof CliFailure ? error : silence(this.url, error);
    }
  }

  async *#heard(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* pieces;
    } catch (error) {
      throw error instanceof CliFailure ? error : silence(this.url, error);
    }
  }

  async #send(
    method: string,
    path: string,
    query: Query,
    rest: Pick<Outgoing, "headers" | "onSent"> & { readonly body: readonly Uint8Array[] },
  ): Promise<Incoming> {
    const outgoing = this.#outgoing(method, path, query, rest.headers);
    try {
      return await sendAgain({ ...rest, ...outgoing });
    } catch (error) {
      throw silence(this.url, error);
    }
  }

  /** Where a request goes, with its token and its key. */
  #outgoing(method: string, path: string, query: Query, given: Outgoing["headers"]) {
    const url = new URL(this.url.pathname.replace(/\/$/, "") + path, this.url);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, value);
    }
    const authorization: Record<string, string> =
      this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` };
    const once: Record<string, string> =
      method === "GET" ? {} : { "idempotency-key": `"${randomUUID()}"` };
    const headers = { accept: "application/json", ...given, ...authorization, ...once };
    return { method, url, headers, idleMs: this.#idleMs };
  }
}

function read<T>(schema: z.ZodType<T>, incoming: Incoming): T {
  if (incoming.status < 200 || incoming.status > 299) throw failureOf(incoming);
  const parsed = schema.safeParse(parseExactOrUndefined(incoming.text));
  if (parsed.success) return parsed.data;
  throw new CliFailure(EXIT.refused, "the server's answer is not what this command expects", {
    code: "unexpected_answer",
    hint: "Is the URL Freshet's, and of the same version? `freshet doctor` looks.",
    status: incoming.status,
    errors: parsed.error.issues
      .slice(0, 5)
      .map(({ path, message }) => ({ path: path.join("."), message })),
  });
}

function silence(url: URL, error: unknown): CliFailure {
  const code = errorCodeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  const what = REASONS[code] ?? (message === "" ? code : message);
  return unreachable(
    `cannot reach ${url.origin}: ${what}`,
    "Is it running? `npm start` boots a local one; --url or FRESHET_URL names another.",
  );
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nobody listens there",
  ENOTFOUND: "there is no such host",
  EAI_AGAIN: "the host's name cannot be looked up now",
  ECONNRESET: "the connection was cut",
  EPIPE: "the connection was cut",
  ETIMEDOUT: "no answer",
};
