/** Reasons with a status: the one table of Freshet's doors. See docs/errors.md. */
export interface Refusal {
  readonly status: number;
  /** Stable: clients may switch on it. */
  readonly code: string;
  readonly detail: string;
  /** Seconds after which the same request may work. */
  readonly retryAfterS?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Each place that is wrong. */
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
}

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  410: "Gone",
  412: "Precondition Failed",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Content",
  428: "Precondition Required",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

/**
 * Renders a refusal: the Open Inference Protocol's `{"error"}` under `/v2`, an
 * RFC 9457 problem everywhere else.
 */
export function renderRefusal(path: string, requestId: string, refusal: Refusal): Response {
  const { status, code, detail, retryAfterS, errors } = refusal;
  const headers: Record<string, string> = { ...refusal.headers, "x-request-id": requestId };
  if (retryAfterS !== undefined) headers["retry-after"] = String(retryAfterS);
  if (path === "/v2" || path.startsWith("/v2/")) {
    headers["content-type"] = "application/json";
    return new Response(JSON.stringify({ error: detail }), { status, headers });
  }
  headers["content-type"] = "application/problem+json";
  const title = TITLES[status] ?? "Error";
  const body = { type: "about:blank", title, status, detail, code, request_id: requestId, errors };
  return new Response(JSON.stringify(body), { status, headers });
}
