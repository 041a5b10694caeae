import type { OpenFailure } from "../../core/ports/engine.ts";
import { EngineBroken, ForeignValue, MemoryFull, OrtError } from "./engine-error.ts";
import { OUT_OF_MEMORY } from "./run-failure.ts";

/**
 * Words why the engine does not open a model that passed inspection. Of its message only
 * known facts are taken over, never its text: that holds paths of its build.
 * @throws the error itself when it is no failure of opening
 */
export function toOpenFailure(cause: unknown): OpenFailure {
  // A number is a C++ exception that passed all handlers; only a full memory does that.
  if (cause instanceof MemoryFull || typeof cause === "number") return outOfMemory(cause);
  if (cause instanceof ForeignValue) {
    return { reason: "unsupported_model", detail: cause.message, cause };
  }
  if (cause instanceof EngineBroken) {
    return { reason: "unsupported_model", detail: "the engine crashes on the model", cause };
  }
  if (!(cause instanceof OrtError)) throw cause;
  const { message, code } = cause;
  if (OUT_OF_MEMORY.test(message)) return outOfMemory(cause);
  for (const [pattern, reason, text] of EXPLANATIONS) {
    const found = pattern.exec(message);
    if (found !== null) return { reason, detail: text(...found.slice(1)), cause };
  }
  return code === NOT_IMPLEMENTED
    ? { reason: "unsupported_model", detail: "the engine lacks a part of the model", cause }
    : { reason: "invalid_model", detail: "the engine does not accept the graph", cause };
}

/** OrtErrorCode ORT_NOT_IMPLEMENTED. */
const NOT_IMPLEMENTED = 9;

const outOfMemory = (cause: unknown): OpenFailure => ({
  reason: "out_of_memory",
  detail: "the model does not fit into the engine's memory",
  cause,
});

type Explanation = readonly [
  pattern: RegExp,
  reason: "invalid_model" | "unsupported_model",
  explain: (...found: string[]) => string,
];

const EXPLANATIONS: readonly Explanation[] = [
  [
    /No Op registered for (\S+) with domain_version of (\d+)/,
    "unsupported_model",
    (operator, version) => `operator '${operator}' is not in operator set ${version} of the engine`,
  ],
  [
    /Fatal error: (\S*):(\S+)\(-?\d+\) is not a registered function\/op/,
    "unsupported_model",
    (domain, operator) => `operator '${operator}' of domain '${domain}' is not in the engine`,
  ],
  [
    /(?:Could not find an implementation|Failed to find kernel) for (\w+)\((\d+)\)/,
    "unsupported_model",
    (operator, version) =>
      `operator '${operator}' (${version}) is not implemented in the engine for the types the model uses it with`,
  ],
  [
    /Opset (\d+) is under development.*Current official support for domain (\S+) is till opset (\d+)/s,
    "unsupported_model",
    (version, domain, newest) =>
      `the model uses operator set ${version} of ${domain}; the engine has up to ${newest}: export it with an older one`,
  ],
  [
    /Unsupported model IR version: (\d+), max supported IR version: (\d+)/,
    "unsupported_model",
    (version, newest) => `the file is of IR version ${version}; the engine reads up to ${newest}`,
  ],
  [
    /external data/i,
    "unsupported_model",
    () => "a tensor keeps its data in another file; save the model with its weights inside",
  ],
  [
    /protobuf parsing failed|No graph was found/,
    "invalid_model",
    () => "not an ONNX model, or one that is cut off or damaged",
  ],
  [
    /Node input '(.*)' is not a graph input, initializer, or output of a previous node/s,
    "invalid_model",
    (name) => `a node takes '${name}', which nothing in the graph gives`,
  ],
  [/not acyclic/, "invalid_model", () => "the graph has a cycle"],
  [
    /Duplicate definition(?:-site for| of name) \((.*)\)/s,
    "invalid_model",
    (name) => `the graph defines '${name}' twice`,
  ],
  [
    /Node with schema\([^:]*::(\w+):\d+\) has (input|output) size (\d+) not in range \[min=(\d+), max=(\d+)\]/,
    "invalid_model",
    (operator, role, count, min, max) =>
      `operator '${operator}' has ${count} ${role}s, it takes ${min} to ${max}`,
  ],
  [
    /Unrecognized attribute: (\w+) for operator (\w+)/,
    "invalid_model",
    (attribute, operator) => `operator '${operator}' has no attribute '${attribute}'`,
  ],
  [
    /ShapeInferenceError|TypeInferenceError|Type Error|does not match expected type/,
    "invalid_model",
    () => "types or shapes in the graph contradict each other",
  ],
];
