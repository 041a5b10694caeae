import { allGraphs, type ModelOutline } from "./read-model.ts";
import { quote, unsupported } from "./refusal.ts";

/** How often an operator stands in a file, subgraphs and functions included. */
export interface OperatorCount {
  /** Empty for ONNX's own operators. */
  readonly domain: string;
  readonly operator: string;
  readonly count: number;
}

/** Newest operator sets of onnxruntime-web 1.30, measured; `com.microsoft` is ONNX Runtime's own. */
const NEWEST: ReadonlyMap<string, number> = new Map([
  ["", 26],
  ["ai.onnx.ml", 5],
  ["com.microsoft", 1],
]);

/** Newest file format of onnxruntime-web 1.30, measured. */
const NEWEST_IR_VERSION = 13;

/** They run a decoder as often as an input says. */
const UNBOUNDED: ReadonlySet<string> = new Set([
  "BeamSearch",
  "WhisperBeamSearch",
  "GreedySearch",
  "Sampling",
]);

/** Counts operators, the most frequent first. */
export function countOperators(model: ModelOutline): readonly OperatorCount[] {
  const counts = new Map<string, { domain: string; operator: string; count: number }>();
  for (const { nodes } of allGraphs(model)) {
    for (const { domain, operator } of nodes) {
      const key = `${domain}\n${operator}`;
      const entry = counts.get(key);
      if (entry === undefined) counts.set(key, { domain, operator, count: 1 });
      else entry.count += 1;
    }
  }
  return [...counts.values()].sort((left, right) => right.count - left.count);
}

/**
 * Refuses operators, operator sets and file formats that the engine does not have.
 * Whether it has each single operator is the engine's to say.
 * @throws Refusal
 */
export function checkOperators(model: ModelOutline, counts: readonly OperatorCount[]): void {
  if (model.irVersion > NEWEST_IR_VERSION) {
    throw unsupported(
      `the file is of IR version ${model.irVersion}; the engine reads up to ${NEWEST_IR_VERSION}`,
    );
  }
  for (const { domain, version } of model.opsets) {
    const newest = NEWEST.get(domain);
    if (newest !== undefined && version > newest) {
      throw unsupported(
        `the model uses operator set ${version} of ${domain || "ai.onnx"}; the engine has up to ${newest}: export it with an older one`,
      );
    }
  }
  const own = ownOperators(model);
  for (const { domain, operator } of counts) {
    // First: the engine prefers its own operator to a function of that name in the file.
    if (domain === "com.microsoft" && UNBOUNDED.has(operator)) {
      throw unsupported(
        `operator ${quote(operator)} runs as long as an input says, and a run cannot be stopped`,
      );
    }
    if (own.has(`${domain}\n${operator}`)) continue;
    if (!NEWEST.has(domain)) {
      throw unsupported(
        `operator ${quote(operator)} of domain ${quote(domain)} is not in the engine, which has ai.onnx, ai.onnx.ml and com.microsoft`,
      );
    }
  }
}

/** What the file defines by itself, as functions. */
const ownOperators = ({ functions }: ModelOutline): ReadonlySet<string> =>
  new Set(
    [...functions.keys()].map((key) => {
      const [domain, operator] = JSON.parse(key) as readonly [string, string];
      return `${domain}\n${operator}`;
    }),
  );
