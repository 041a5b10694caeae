import { EXIT, type ExitCode } from "./exit-codes.ts";

export interface FieldError {
  readonly path: string;
  readonly message: string;
}

export interface FailureFacts {
  /** Stable: scripts may switch on it. */
  readonly code: string;
  /** What the user can do about it, a sentence. */
  readonly hint?: string | undefined;
  readonly errors?: readonly FieldError[] | undefined;
  readonly status?: number | undefined;
  readonly requestId?: string | undefined;
}

/** Why a command ends without success. Thrown anywhere, told once, in main. Never holds the token. */
export class CliFailure extends Error {
  readonly exitCode: ExitCode;
  readonly facts: FailureFacts;

  constructor(exitCode: ExitCode, detail: string, facts: FailureFacts) {
    super(detail);
    this.exitCode = exitCode;
    this.facts = facts;
  }
}

/** The command line is wrong: exit code 2. */
export const usageFailure = (detail: string, hint?: string): CliFailure =>
  new CliFailure(EXIT.usage, detail, { code: "usage", hint });

/** A check found something: exit code 1. */
export const checkFailure = (code: string, detail: string, hint?: string): CliFailure =>
  new CliFailure(EXIT.refused, detail, { code, hint });

/** Nobody answers: exit code 3. */
export const unreachable = (detail: string, hint?: string): CliFailure =>
  new CliFailure(EXIT.unreachable, detail, { code: "unreachable", hint });
