import { type Schema, Validator } from "@cfworker/json-schema";
import { halfToNumber } from "../../model/half.ts";
import type { Tensor } from "../../model/tensor.ts";

type JsonSchema = Readonly<Record<string, unknown>>;

const compiled = new WeakMap<JsonSchema, Validator>();

/**
 * What of a JSON Schema an answer breaks, in one line without its elements; `undefined`: nothing.
 * A schema is compiled once, for as long as its deployment is the same. No code is made of it.
 */
export function breachOf(schema: JsonSchema, tensors: readonly Tensor[]): string | undefined {
  const instance = Object.fromEntries(tensors.map((tensor) => [tensor.name, elementsOf(tensor)]));
  try {
    const validator = compiled.get(schema) ?? compile(schema);
    const { valid, errors } = validator.validate(instance);
    // The last one is the innermost: the others say that something below them is wrong.
    const inner = errors.at(-1);
    return valid ? undefined : `${inner?.instanceLocation} breaks ${inner?.keywordLocation}`;
  } catch {
    // A reference to nothing, or to itself.
    return "the schema cannot be applied";
  }
}

function compile(schema: JsonSchema): Validator {
  // The library writes into what it is given.
  const own = JSON.parse(JSON.stringify(schema)) as Schema;
  const validator = new Validator(own, "2020-12");
  compiled.set(schema, validator);
  return validator;
}

/** A tensor's elements as JSON has them: whole numbers past 2^53 as strings of all their digits. */
function elementsOf({ datatype, data }: Tensor): readonly unknown[] {
  switch (datatype) {
    case "BYTES":
      return data;
    case "BOOL":
      return Array.from(data, (byte) => byte !== 0);
    case "FP16":
      return Array.from(data, halfToNumber);
    case "INT64":
    case "UINT64":
      return Array.from(data, (big) =>
        Number.isSafeInteger(Number(big)) ? Number(big) : `${big}`,
      );
    default:
      return Array.from(data);
  }
}
