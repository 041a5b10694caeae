import { EXIT } from "../../exit-codes.ts";
import { CliFailure, type FieldError } from "../../failure.ts";
import { plural } from "../../output/units.ts";

/** The report is the answer; that it is not whole is the exit code's to say. @throws CliFailure */
export function failIfAny(
  code: string,
  what: string,
  results: readonly {
    readonly reference: string;
    readonly ok: boolean;
    readonly error?: { readonly detail: string } | undefined;
  }[],
): void {
  const errors = results.flatMap(({ reference, ok, error }): FieldError[] =>
    ok ? [] : [{ path: reference, message: error?.detail ?? "no reason given" }],
  );
  if (errors.length === 0) return;
  const message = `${plural(errors.length, "model")} ${what}`;
  throw new CliFailure(EXIT.refused, message, { code, errors });
}
