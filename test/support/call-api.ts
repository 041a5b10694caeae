import { jsonSender } from "./json-answers.ts";
import { TEST_TOKEN } from "./stack.ts";

/** What a route answered. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: of any route, and looked into by tests alone
  readonly body: any;
}

/** Calls a route of a test's stack as its admin. A body of bytes is sent as a file, a text as it is, any other as JSON. */
export function callApi(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<ApiAnswer> {
  const send = jsonSender((target, init) => fetch(`${url}${target}`, init), TEST_TOKEN);
  const isFile = body instanceof Uint8Array;
  const type = isFile ? { "content-type": "application/octet-stream" } : {};
  return send(method, path, body, { ...type, ...headers });
}
