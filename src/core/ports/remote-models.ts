import type { FlightContext } from "../cache/single-flight.ts";
import type { Result } from "../model/result.ts";
import type { ChatStrategy, OipStrategy } from "../model/strategies.ts";
import type { Tensor, TensorSpec } from "../model/tensor.ts";

/** One question to a model that runs elsewhere. */
export interface RemoteQuestion {
  readonly strategy: OipStrategy | ChatStrategy;
  readonly inputs: readonly Tensor[];
  /** What is wanted, in the order of the answer, as the fast model's own metadata has it; `-1` is any size. */
  readonly outputs: readonly TensorSpec[];
  /** Class names of the fast model in the order of its probability columns; may be empty. */
  readonly classes: readonly string[];
  /** From now; every attempt and every byte of the answer included. */
  readonly deadlineMs: number;
  /** Passed on as `x-request-id`. */
  readonly requestId: string;
}

export interface RemoteAnswer {
  /** In the order of the question's `outputs`, with their names and datatypes. */
  readonly outputs: readonly Tensor[];
  /** What the remote calls the model that answered; `unknown` when it does not say. */
  readonly model: string;
  readonly version: string;
}

export interface RemoteFailure {
  readonly reason:
    | "remote_not_allowed"
    | "remote_secret_missing"
    | "remote_timeout"
    | "remote_unreachable"
    | "remote_refused"
    | "remote_too_large"
    | "remote_invalid_answer"
    | "remote_paused";
  /** One line for a log, without secrets and without the remote's own words. */
  readonly detail: string;
  /** Whether a later attempt may do better. */
  readonly mayRetry: boolean;
  readonly cause?: unknown;
}

/** Models that run elsewhere. */
export interface RemoteModels {
  /**
   * Asks once, with retries of its own within the deadline. Never throws.
   * @param context the caller's: its timers
   */
  ask(
    context: FlightContext,
    question: RemoteQuestion,
  ): Promise<Result<RemoteAnswer, RemoteFailure>>;
  /** Whether the configuration lets a deployment name this strategy: its host, its scheme, its secret. No I/O. */
  check(strategy: OipStrategy | ChatStrategy): Result<undefined, RemoteFailure>;
}
