import { type PromptPlace, splitPrompt } from "../../../core/model/prompt.ts";
import { fail, ok, type Result } from "../../../core/model/result.ts";
import type { Tensor, TensorSpec } from "../../../core/model/tensor.ts";
import { writeNested } from "./write-nested.ts";

/** What a prompt may ask for. */
export interface PromptFacts {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly TensorSpec[];
  readonly classes: readonly string[];
}

/**
 * Fills a prompt's places: `{{input NAME}}` with that input's elements as JSON, nested as its
 * shape is; `{{inputs}}` with an object of all of them by name; `{{outputs}}` with an object that
 * says of each wanted output its datatype, its shape (-1 is any size) and, for shares of classes,
 * their names. What is filled in is not looked at again. All else stays as it is.
 * @returns failure when the prompt names an input that is not there
 */
export function fillPrompt(
  prompt: string,
  facts: PromptFacts,
): Result<string, { readonly reason: "unknown_input"; readonly detail: string }> {
  let text = "";
  for (const part of splitPrompt(prompt)) {
    const filled = typeof part === "string" ? part : fill(facts, part);
    if (filled === undefined) {
      return fail({
        reason: "unknown_input",
        detail: "the prompt names an input that there is not",
      });
    }
    text += filled;
  }
  return ok(text);
}

function fill({ inputs, outputs, classes }: PromptFacts, place: PromptPlace): string | undefined {
  switch (place.kind) {
    case "outputs":
      return describe(outputs, classes);
    case "inputs":
      return objectOf(inputs.map((input) => [input.name, writeNested(input)]));
    case "input": {
      const input = inputs.find(({ name }) => name === place.name);
      return input === undefined ? undefined : writeNested(input);
    }
  }
}

const describe = (outputs: readonly TensorSpec[], classes: readonly string[]): string =>
  objectOf(
    outputs.map((spec) => {
      const { name, datatype, shape } = spec;
      const named = takesClasses(spec, classes) ? { classes } : {};
      return [name, JSON.stringify({ datatype, shape, ...named })];
    }),
  );

/** Whether an output may be answered as an object of shares by class name. */
export const takesClasses = (
  { datatype, shape }: TensorSpec,
  classes: readonly string[],
): boolean => {
  const last = shape.at(-1);
  const isFloat = datatype === "FP16" || datatype === "FP32" || datatype === "FP64";
  return isFloat && classes.length > 0 && (last === -1 || last === classes.length);
};

const objectOf = (entries: readonly (readonly [string, string])[]): string =>
  `{${entries.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(",")}}`;
