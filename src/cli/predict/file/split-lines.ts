import { StringDecoder } from "node:string_decoder";

/** Cuts bytes into lines as they come; empty ones are left out. */
export async function* splitLines(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<string, void, undefined> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  for await (const piece of pieces) {
    const lines = (rest + decoder.write(Buffer.from(piece))).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line.trim() !== "") yield line.trimEnd();
    }
  }
  rest += decoder.end();
  if (rest.trim() !== "") yield rest.trimEnd();
}
