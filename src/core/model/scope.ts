/** What a caller may do; a route asks for one of them. */
export const SCOPES = ["infer", "read", "outcomes", "admin", "publish"] as const;

/** Scopes that may be opened to everybody. */
export const PUBLIC_SCOPES = ["infer", "read"] as const satisfies readonly Scope[];

export type Scope = (typeof SCOPES)[number];
