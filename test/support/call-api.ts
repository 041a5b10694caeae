import { TEST_TOKEN } from "./stack.ts";

/** What a route answered. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: of any route, and looked into by tests alone
  readonly body: any;
}

/** Calls a route of a test's stack as its admin. A body of bytes is sent as a file, any other as JSON. */
export async function callApi(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<ApiAnswer> {
  const isFile = body instanceof Uint8Array;
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${TEST_TOKEN}`,
      ...(isFile ? { "content-type": "application/octet-stream" } : {}),
      ...headers,
    },
    ...(body === undefined ? {} : { body: isFile ? body.slice() : JSON.stringify(body) }),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    headers: answer.headers,
    body: text === "" ? undefined : JSON.parse(text),
  };
}
