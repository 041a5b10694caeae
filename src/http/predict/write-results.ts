import { makeTensor } from "../../core/model/tensor.ts";
import { writeJsonData } from "../../core/model/write-json-data.ts";
import type { RowResult } from "../../core/predict/rows/predict-rows.ts";
import type { RowAnswer } from "../../core/predict/rows/read-answer.ts";
import { refusalOf } from "../refusals.ts";
import type { RowsMeta } from "./rows-response.ts";

/** What computed an answer. */
type Producer = Pick<RowsMeta, "strategy" | "model" | "version">;

/**
 * Writes one row's result as JSON, in one line.
 * @param id of one that is ok
 * @param isLost whether there was no room for its record: its id takes no outcome
 */
export type WriteResult = (result: RowResult, id: string, isLost: boolean) => string;

/**
 * Makes the writer of one request's results. Names are quoted once; numbers keep their exact
 * value, and what JSON has no number for is text, as in the protocol's answers.
 * @param meta what produced most of them: a row says so only when it differs
 * @param asked the version that computed what no premium strategy has
 */
export function createResultWriter(
  meta: Producer,
  asked: Pick<Producer, "model" | "version">,
): WriteResult {
  const quoted = new Map<string, string>();
  const quote = (name: string): string => {
    const known = quoted.get(name);
    if (known !== undefined) return known;
    const made = JSON.stringify(name);
    if (quoted.size < MAX_QUOTED) quoted.set(name, made);
    return made;
  };
  return (result, id, isLost) => {
    if (!result.ok) return writeError(result);
    const start = `{"ok":true,"prediction_id":"${id}"${isLost ? ',"recorded":false' : ""}`;
    const { strategy, by: { model, version } = asked } = result;
    const isOther = strategy !== meta.strategy || model !== meta.model || version !== meta.version;
    const other = isOther
      ? `,"strategy":"${strategy}","model":${quote(model)},"version":${quote(version)}`
      : "";
    return `${start}${other}${writeAnswer(result.answer, quote)}}`;
  };
}

/** Writes results that went on record, or did not. @param ids of those that are ok, in their order */
export function writeResults(
  write: WriteResult,
  results: readonly RowResult[],
  ids: readonly string[],
  lostIds: readonly string[],
): readonly string[] {
  const lost = new Set(lostIds);
  const given = ids.values();
  return results.map((result) => {
    const id = (result.ok ? given.next().value : undefined) ?? "";
    return write(result, id, lost.has(id));
  });
}

// Text labels may be any number of texts.
const MAX_QUOTED = 10_000;

function writeError(result: Extract<RowResult, { ok: false }>): string {
  if ("error" in result) return JSON.stringify({ ok: false, error: result.error });
  const { code, detail } = refusalOf(result.failure);
  return JSON.stringify({ ok: false, error: { code, detail } });
}

function writeAnswer(
  { label, probabilities, value, outputs }: RowAnswer,
  quote: (name: string) => string,
): string {
  let text = "";
  if (label !== undefined) text += `,"label":${quote(label)}`;
  if (probabilities !== undefined) {
    const { classes, values } = probabilities;
    text += ',"probabilities":{';
    for (const [index, name] of classes.entries()) {
      text += `${index === 0 ? "" : ","}${quote(name)}:${values[index]}`;
    }
    text += "}";
  }
  if (value !== undefined) text += `,"value":${writeNumber(value)}`;
  if (outputs !== undefined) {
    const written = outputs.map((output) => {
      const data = writeJsonData(output);
      return `${quote(output.name)}:${output.data.length === 1 ? data.slice(1, -1) : data}`;
    });
    text += `,"outputs":{${written.join(",")}}`;
  }
  return text;
}

const writeNumber = (value: number | bigint): string =>
  typeof value === "bigint"
    ? String(value)
    : writeJsonData(makeTensor("", "FP64", [1], Float64Array.of(value))).slice(1, -1);
