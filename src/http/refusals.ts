import type { ServeFailure } from "../core/model/failure.ts";
import type { Refusal } from "./problem.ts";

/** The status of each reason that the core gives. Exhaustive: a new reason does not compile without a line here. */
export function refusalOf(failure: ServeFailure): Refusal {
  const { reason: code, detail } = failure;
  switch (code) {
    case "bad_reference":
    case "invalid_input":
    case "rejected_input":
    case "input_too_large":
      return { status: 400, code, detail };
    case "model_not_found":
    case "alias_not_found":
    case "version_not_found":
      return { status: 404, code, detail };
    case "model_unavailable":
      return { status: 503, code, detail, retryAfterS: 30 };
    case "store_unavailable":
      // The store's own words name keys and hosts: they are for the log.
      return {
        status: 503,
        code,
        detail: "the model store does not answer and nothing is loaded to answer from; try again",
        retryAfterS: 1,
      };
  }
}
