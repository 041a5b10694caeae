/** Why a file is not served, thrown while it is read and caught by `inspectOnnx` alone. */
export class Refusal extends Error {
  readonly reason: "invalid_model" | "unsupported_model";
  constructor(reason: Refusal["reason"], detail: string) {
    super(detail);
    this.reason = reason;
  }
}

/** The bytes are no ONNX model, or one that contradicts itself. */
export const invalid = (detail: string): Refusal => new Refusal("invalid_model", detail);

/** A model that the engine or Freshet does not take; the detail says what would be taken. */
export const unsupported = (detail: string): Refusal => new Refusal("unsupported_model", detail);

/** A name out of a file, fit for a message. */
export const quote = (name: string): string =>
  `'${name.length > 60 ? `${name.slice(0, 60)}…` : name}'`;
