/**
 * Why a request for a model could not be answered. One switch per door maps
 * `reason` to a status; `detail` is for the caller, `cause` only for logs.
 *
 * - `engine_crashed`: the engine crashed on these very values.
 * - `not_tried`: a row beside which others had crashed the engine too often.
 */
export interface ServeFailure {
  readonly reason:
    | "bad_reference"
    | "model_not_found"
    | "alias_not_found"
    | "version_not_found"
    | "invalid_input"
    | "rejected_input"
    | "input_too_large"
    | "engine_crashed"
    | "not_tried"
    | "model_unavailable"
    | "store_unavailable"
    | "too_stale";
  readonly detail: string;
  readonly cause?: unknown;
}
