/** What came of reading a body: its text, or why there is none. */
export type ReadText =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "too_large" }
  | { readonly kind: "not_utf8" };

/**
 * Reads a body as UTF-8 and stops once it is over `maxBytes`, counted as the platform hands them
 * over: unpacked. Rejects when the stream does.
 */
export async function readText(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
): Promise<ReadText> {
  if (body === null) return { kind: "text", text: "" };
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  let text = "";
  let size = 0;
  // Leaving the loop cancels the stream.
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > maxBytes) return { kind: "too_large" };
    const piece = decoded(decoder, chunk);
    if (piece === undefined) return { kind: "not_utf8" };
    text += piece;
  }
  const rest = decoded(decoder);
  return rest === undefined ? { kind: "not_utf8" } : { kind: "text", text: text + rest };
}

function decoded(
  decoder: Pick<InstanceType<typeof TextDecoder>, "decode">,
  chunk?: Uint8Array,
): string | undefined {
  try {
    return decoder.decode(chunk, { stream: chunk !== undefined });
  } catch {
    return undefined;
  }
}
