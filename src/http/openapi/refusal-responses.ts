import { oipErrorSchema, problemSchema } from "./schemas.ts";

const WHEN: Readonly<Record<number, string>> = {
  400: "The request is not what the route takes; the message names the field.",
  401: "A token with the scope is needed.",
  404: "There is no such model, version or alias.",
  409: "It cannot be done as things are; the message says what stands in the way.",
  410: "The version is deleted.",
  412: "The document is not the one of If-Match any more: read it again.",
  413: "The body is larger than MAX_BODY_BYTES, before or after decompression.",
  415: "The Content-Type or Content-Encoding is not one that the route takes.",
  422: "The file cannot be served; the message says why.",
  428: "If-Match is needed.",
  503: "The model cannot be served now, or the store does not answer; see Retry-After.",
};

/** The responses of a route's refusals, in the shape of its family. */
export function refusalResponses(path: string, statuses: readonly number[]) {
  const oip = path.startsWith("/v2");
  const type = oip ? "application/json" : "application/problem+json";
  const schema = oip ? oipErrorSchema : problemSchema;
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      { description: WHEN[status] ?? "Refused.", content: { [type]: { schema } } },
    ]),
  );
}
