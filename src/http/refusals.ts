import type { RegistryFailure } from "../core/lifecycle/registry-failure.ts";
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
    case "engine_crashed":
      return { status: 400, code, detail };
    case "model_not_found":
    case "alias_not_found":
    case "version_not_found":
      return { status: 404, code, detail };
    case "model_unavailable":
      return { status: 503, code, detail, retryAfterS: 30 };
    case "too_stale":
    case "not_tried":
      return { status: 503, code, detail, retryAfterS: 1 };
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

/** The status of each reason that the registry gives. */
export function registryRefusalOf(failure: RegistryFailure): Refusal {
  const { reason: code, detail } = failure;
  const errors = failure.errors === undefined ? {} : { errors: failure.errors };
  switch (code) {
    case "bad_reference":
    case "invalid_parts":
    case "invalid_request":
      return { status: 400, code, detail, ...errors };
    case "model_not_found":
    case "alias_not_found":
    case "version_not_found":
    case "upload_not_found":
    case "bundle_not_found":
      return { status: 404, code, detail };
    case "version_deleted":
      return { status: 410, code, detail };
    case "invalid_manifest":
    case "invalid_bundle":
    case "version_in_use":
    case "version_damaged":
    case "incompatible_schema":
    case "nothing_to_roll_back":
    case "deployment_unreadable":
      return { status: 409, code, detail, ...errors };
    case "unknown_reference":
    case "invalid_strategy":
      return { status: 422, code, detail, ...errors };
    case "precondition_failed":
      return { status: 412, code, detail };
    case "revision_conflict":
      return { status: 409, code, detail, retryAfterS: 1 };
    case "invalid_model":
    case "unsupported_model":
    case "model_too_large":
    case "sample_mismatch":
    case "signature_missing":
    case "signature_invalid":
    case "idempotency_key_reused":
      return { status: 422, code, detail };
    case "audit_unavailable":
      return {
        status: 503,
        code,
        detail: "the audit cannot be written, so nothing was done; try again",
        retryAfterS: 1,
      };
    case "store_unavailable":
      return {
        status: 503,
        code,
        detail: "the model store does not answer; what was acknowledged before is safe, try again",
        retryAfterS: 1,
      };
  }
}
