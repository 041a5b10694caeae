/** One place that is wrong: a JSON path and what is the matter. */
export interface FieldProblem {
  readonly path: string;
  readonly message: string;
}

/** Why the registry did not do what was asked. One switch per door maps `reason` to a status. */
export interface RegistryFailure {
  readonly reason:
    | "bad_reference"
    | "invalid_request"
    | "invalid_manifest"
    | "invalid_model"
    | "unsupported_model"
    | "model_too_large"
    | "sample_mismatch"
    | "signature_missing"
    | "signature_invalid"
    | "model_not_found"
    | "bundle_not_found"
    | "invalid_bundle"
    | "unknown_reference"
    | "invalid_strategy"
    | "alias_not_found"
    | "version_not_found"
    | "version_deleted"
    | "version_in_use"
    | "version_damaged"
    | "incompatible_schema"
    | "nothing_to_roll_back"
    | "deployment_unreadable"
    | "idempotency_key_reused"
    | "upload_not_found"
    | "invalid_parts"
    | "revision_conflict"
    | "precondition_failed"
    | "audit_unavailable"
    | "store_unavailable";
  readonly detail: string;
  readonly errors?: readonly FieldProblem[];
  readonly cause?: unknown;
}
