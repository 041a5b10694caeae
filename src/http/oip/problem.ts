import { fail } from "../../core/model/result.ts";

/** A request that is not what the protocol says; the detail names the field. */
export interface OipProblem {
  readonly reason: "invalid_request";
  readonly detail: string;
}

export const problem = (detail: string) => fail({ reason: "invalid_request", detail });

/** A caller's text inside a message, shortened and quoted. */
export const quoted = (text: string): string =>
  `'${text.length > 60 ? `${text.slice(0, 60)}…` : text}'`;
