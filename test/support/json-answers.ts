export type Json = Readonly<Record<string, unknown>>;

/** An answer whose body is JSON, or empty. */
export interface JsonAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Json;
}

/** How one request is sent: an app's own `request`, or `fetch` to a server. */
type Send = (path: string, init: RequestInit) => Promise<Response>;

/** Sends JSON, or a text, bytes or a form as they are, with a token; reads JSON. */
export const jsonSender =
  (send: Send, token: string) =>
  async (
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<JsonAnswer> => {
    const answer = await send(path, {
      method,
      headers: { authorization: `Bearer ${token}`, ...headers },
      ...(body === undefined ? {} : { body: bodyOf(body) }),
    });
    const text = await answer.text();
    const parsed = text === "" ? {} : (JSON.parse(text) as Json);
    return { status: answer.status, headers: answer.headers, body: parsed };
  };

function bodyOf(body: unknown): NonNullable<RequestInit["body"]> {
  if (typeof body === "string" || body instanceof FormData) return body;
  return body instanceof Uint8Array ? body.slice() : JSON.stringify(body);
}

/** What a refusal is known by. */
export const refusalOf = ({ status, body }: Pick<JsonAnswer, "status" | "body">) => [
  status,
  body.code,
];
