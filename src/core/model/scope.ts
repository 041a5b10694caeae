/** What a caller may do; a route asks for one of them. */
export const SCOPES = ["infer", "read", "outcomes", "admin", "publish"] as const;

export type Scope = (typeof SCOPES)[number];
