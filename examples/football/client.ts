/** A stack that runs, and who asks. */
export interface Stack {
  readonly url: string;
  readonly token: string;
}

/**
 * Sends JSON, or text as lines of JSON, and reads JSON.
 * @throws Error that says what was refused
 */
export async function call<T>(
  { url, token }: Stack,
  method: "GET" | "POST",
  path: string,
  body?: object | string,
): Promise<T> {
  const isLines = typeof body === "string";
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": isLines ? "application/x-ndjson" : "application/json",
    },
    ...(body === undefined ? {} : { body: isLines ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return JSON.parse(text) as T;
}

/** The items in parts of up to `size`. */
export function* inParts<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
