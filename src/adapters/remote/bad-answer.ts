import { fail } from "../../core/model/result.ts";

/** An answer that cannot be used; the detail repeats nothing of it but sizes. */
export interface BadAnswer {
  readonly reason: "bad_answer";
  readonly detail: string;
}

export const badAnswer = (detail: string) => fail({ reason: "bad_answer", detail } as const);
