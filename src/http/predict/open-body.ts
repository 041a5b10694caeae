import { fail, ok, type Result } from "../../core/model/result.ts";
import { unpackStream } from "../body/unpack-stream.ts";
import type { Refusal } from "../problem.ts";

type Refused = Refusal & { readonly reason: string };

const CODINGS: Readonly<Record<string, "gzip" | "deflate">> = {
  gzip: "gzip",
  "x-gzip": "gzip",
  deflate: "deflate",
};

/** A body as a stream, unpacked while it is read. Nothing is read yet: damage shows later. */
export function openBody(request: Request): Result<ReadableStream<Uint8Array>, Refused> {
  const { body } = request;
  const encoding = (request.headers.get("content-encoding") ?? "").trim().toLowerCase();
  if (body === null) return ok(new Blob([]).stream());
  if (encoding === "" || encoding === "identity") return ok(body);
  const format = Object.hasOwn(CODINGS, encoding) ? CODINGS[encoding] : undefined;
  if (format !== undefined) return ok(unpackStream(body, format));
  return fail({
    reason: "unsupported_encoding",
    status: 415,
    code: "unsupported_encoding",
    detail: `Content-Encoding '${encoding.slice(0, 40)}' is not supported: send identity, gzip or deflate`,
    headers: { "accept-encoding": "gzip, deflate" },
  });
}
