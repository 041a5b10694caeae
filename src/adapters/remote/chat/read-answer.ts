import { isObject } from "../../../core/model/is-object.ts";
import { ok, type Result } from "../../../core/model/result.ts";
import type { Tensor, TensorSpec } from "../../../core/model/tensor.ts";
import type { RemoteAnswer } from "../../../core/ports/remote-models.ts";
import { type BadAnswer, badAnswer } from "../bad-answer.ts";
import { nameOr } from "../exchange.ts";
import { type JsonFor, parseJson } from "../json.ts";
import { extractJson } from "./extract-json.ts";
import { atPointer } from "./json-pointer.ts";
import { shapeValue } from "./shape-values.ts";

/** What is made of a completion. */
export interface AnswerWish {
  readonly outputs: readonly TensorSpec[];
  readonly classes: readonly string[];
  readonly batch: number | undefined;
  /** JSON Pointer of an output by its name; one that is not there stands under its own name. */
  readonly map: Readonly<Record<string, string>>;
}

/** Reads a chat completion: the first choice's text, the JSON object in it, the wanted outputs in that. */
export function readAnswer(text: string, wish: AnswerWish): Result<RemoteAnswer, BadAnswer> {
  const completion = parseJson(text)?.("BYTES");
  if (!isObject(completion) || !Array.isArray(completion.choices)) {
    return badAnswer("the answer is no chat completion");
  }
  const [choice] = completion.choices;
  const content = isObject(choice) && isObject(choice.message) ? choice.message.content : undefined;
  const said = textOf(content);
  if (said === undefined)
    return badAnswer("the completion has no text: the model may have refused");
  const json = extractJson(said);
  if (json === undefined) {
    const isCut = isObject(choice) && choice.finish_reason === "length";
    return badAnswer(
      isCut ? "the completion was cut at max_tokens" : "the completion has no JSON object in it",
    );
  }
  const outputs = mapOutputs(json, wish);
  if (!outputs.ok) return outputs;
  const model = nameOr(completion.model, "unknown");
  return ok({ outputs: outputs.value, model, version: "unknown" });
}

/** Some servers give the text in parts. */
function textOf(content: unknown): string | undefined {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return undefined;
  const texts = content.map((part) => (isObject(part) ? part.text : undefined));
  return texts.filter((part) => typeof part === "string").join("");
}

function mapOutputs(
  json: JsonFor,
  { outputs, classes, batch, map }: AnswerWish,
): Result<readonly Tensor[], BadAnswer> {
  const tensors: Tensor[] = [];
  for (const spec of outputs) {
    const { name, datatype } = spec;
    const root = json(datatype);
    const value = Object.hasOwn(map, name)
      ? atPointer(root, map[name] ?? "")
      : isObject(root) && Object.hasOwn(root, name)
        ? root[name]
        : undefined;
    if (value === undefined) return badAnswer(`the JSON has nothing for output '${name}'`);
    const tensor = shapeValue(value, { spec, classes, batch });
    if (!tensor.ok) return tensor;
    tensors.push(tensor.value);
  }
  return ok(tensors);
}
