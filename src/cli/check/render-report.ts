import type { OnnxFacts } from "../../core/model/onnx/inspect.ts";
import { printable, type Style } from "../output/style.ts";
import { renderFacts } from "../output/table.ts";
import { formatBytes, formatMs } from "../output/units.ts";
import { formatPairs, formatSpec } from "../output/words.ts";
import type { CheckReport } from "./check-file.ts";

/** A report for scripts; its names are those of the API. */
export function reportAsJson(report: CheckReport): Readonly<Record<string, unknown>> {
  const { facts, inputs, outputs, refusal } = report;
  return {
    ok: report.ok,
    ...(refusal === undefined ? {} : { code: refusal.code, detail: refusal.detail }),
    size_bytes: report.sizeBytes,
    max_file_bytes: report.maxFileBytes,
    budget_bytes: report.budgetBytes,
    inputs: inputs ?? facts?.inputs,
    outputs: outputs ?? facts?.outputs,
    ...(facts === undefined ? {} : factsAsJson(facts)),
    memory_bytes: report.memoryBytes,
    load_ms: report.loadMs,
    run_ms: report.runMs,
  };
}

const factsAsJson = (facts: OnnxFacts) => ({
  ir_version: facts.irVersion,
  opsets: opsetsOf(facts),
  producer: facts.producer,
  operators: facts.operators,
  nodes: facts.nodeCount,
  tensor_bytes: facts.tensorBytes,
  metadata: Object.fromEntries(facts.metadata),
});

/** A report for people. */
export function renderReport(file: string, report: CheckReport, style: Style): string {
  const { facts, inputs, outputs, refusal, memoryBytes, budgetBytes, loadMs, runMs } = report;
  const verdict =
    refusal === undefined ? style.good("will be taken") : style.bad("would be refused");
  const memory =
    memoryBytes === undefined
      ? undefined
      : `${formatBytes(memoryBytes)} of the ${formatBytes(budgetBytes)} for all models of an isolate`;
  const lines = renderFacts(
    [
      ["size", `${formatBytes(report.sizeBytes)} of at most ${formatBytes(report.maxFileBytes)}`],
      ["inputs", (inputs ?? facts?.inputs)?.map(formatSpec).join(" · ")],
      ["outputs", (outputs ?? facts?.outputs)?.map(formatSpec).join(" · ")],
      ["opsets", facts && `${formatPairs(opsetsOf(facts))}, IR ${facts.irVersion}`],
      ["producer", facts && producerOf(facts)],
      ["operators", facts && operatorsOf(facts)],
      ["weights", facts && formatBytes(facts.tensorBytes)],
      ["metadata", facts && metadataOf(facts)],
      ["memory", memory],
      ["sample", report.ok && report.hasSample ? "runs, and answers as it says" : undefined],
      ["load time", loadMs === undefined ? undefined : `${formatMs(loadMs)} on this machine`],
      ["one row", runMs === undefined ? undefined : `${formatMs(runMs)} on this machine`],
    ],
    style,
  );
  return `${style.bold(printable(file))}  ${verdict}\n${lines}`;
}

const opsetsOf = ({ opsets }: OnnxFacts): Readonly<Record<string, number>> =>
  Object.fromEntries(opsets.map(({ domain, version }) => [domain || "ai.onnx", version]));

function producerOf({ producer }: OnnxFacts): string | undefined {
  const words = [producer.name, producer.version].filter((word) => word !== "");
  return words.length === 0 ? undefined : printable(words.join(" "));
}

const MANY = 8;

function operatorsOf({ operators, nodeCount }: OnnxFacts): string {
  const most = [...operators].sort((a, b) => b.count - a.count);
  const named = most.slice(0, MANY).map(({ operator, count }) => {
    const name = printable(operator);
    return count === 1 ? name : `${name} ×${count}`;
  });
  return `${nodeCount} nodes: ${named.join(", ")}${most.length > MANY ? ", …" : ""}`;
}

const metadataOf = ({ metadata }: OnnxFacts): string | undefined =>
  metadata.size === 0 ? undefined : formatPairs(Object.fromEntries(metadata));
