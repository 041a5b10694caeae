/** The admin token of a bench's Worker. */
export const TOKEN = "a-token-for-the-bench";

/**
 * Publishes bytes as the next version of a model, into `production`.
 * @returns the version
 * @throws with the answer's text when it is refused
 */
export async function publish(
  url: string,
  model: string,
  body: Uint8Array<ArrayBuffer>,
): Promise<string> {
  const answer = await fetch(`${url}/v1/models/${model}/versions?alias=production`, {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/octet-stream" },
    body,
  });
  const text = await answer.text();
  if (answer.status !== 201) throw new Error(`publish: ${answer.status} ${text}`);
  return (JSON.parse(text) as { readonly version: string }).version;
}
