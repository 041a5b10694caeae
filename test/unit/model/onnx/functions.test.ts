import { describe, expect, it } from "vitest";
import { graphAttribute, node, type Part, text } from "../../../support/onnx-encoder.ts";
import {
  all,
  constant,
  encodeCalls,
  loop,
  loopBody,
  referenceAttribute,
  varint,
  verdictOf,
} from "./odd-parts.ts";

const call = (name: string, attributes: readonly Part[] = []) =>
  node(name, ["a"], ["b"], attributes, "my");

/** Functions that call the next one `times` times each; the last one calls none. */
const chain = (length: number, times: number): Record<string, readonly Part[]> =>
  Object.fromEntries(
    Array.from({ length }, (_, index) => [
      `F${index}`,
      index === length - 1
        ? [node("Neg", ["a"], ["b"])]
        : Array<Part>(times).fill(call(`F${index + 1}`)),
    ]),
  );

describe("functions that call functions", () => {
  it("may do so 32 deep", () => {
    expect(verdictOf(encodeCalls(chain(32, 1), { nodes: [call("F0")] }))).toBe("ok");
    expect(verdictOf(encodeCalls(chain(33, 1), { nodes: [call("F0")] }))).toMatch(
      /^invalid_model: function 'F32' calls itself, or calls go too deep/,
    );
  });

  it("may not reach themselves", () => {
    const functions = { F: [call("G")], G: [call("F")] };
    expect(verdictOf(encodeCalls(functions, { nodes: [call("F")] }))).toMatch(/calls itself/);
  });

  it("may not grow past a hundred thousand nodes when written out, which is counted, not done", () => {
    expect(verdictOf(encodeCalls(chain(15, 2), { nodes: [call("F0")] }))).toBe("ok");
    expect(verdictOf(encodeCalls(chain(17, 2), { nodes: [call("F0")] }))).toMatch(
      /^unsupported_model: the graph has \d+ nodes once its functions are written out/,
    );
    expect(verdictOf(encodeCalls(chain(32, 40), { nodes: [call("F0")] }))).toMatch(
      /^unsupported_model: the graph has [\d.e+]+ nodes/,
    );
  }, 5_000);
});

describe("what a function takes from its caller", () => {
  const nodes = [call("F", [graphAttribute("b", loopBody())])];

  it("is no graph to loop over: it would be counted once and run as often as the loop turns", () => {
    const body = [
      constant("n", (1n << 63n) - 1n),
      node("Loop", ["n", "", "a"], ["b"], [referenceAttribute("body", "b")]),
    ];
    expect(verdictOf(encodeCalls({ F: body }, { nodes }))).toMatch(
      /^unsupported_model: operator 'Loop' takes an attribute from the caller of its function/,
    );
  });

  it("is no graph for anything in a loop either", () => {
    const choice = node("If", ["k"], ["z"], [referenceAttribute("then_branch", "b")]);
    const body = [constant("n", 1_000n), loop("n", loopBody([choice]), ["a", "b"])];
    expect(verdictOf(encodeCalls({ F: body }, { nodes }))).toMatch(
      /^unsupported_model: operator 'If' takes/,
    );
  });

  it("is no trip count", () => {
    const value = all(text(1, "value_int"), text(21, "trips"), varint(20, 2), varint(3, 5));
    const body = [node("Constant", [], ["n"], [value]), loop("n", loopBody(), ["a", "b"])];
    expect(verdictOf(encodeCalls({ F: body }, { nodes }))).toMatch(/no constant trip count/);
  });

  it("may be anything that does not run", () => {
    const body = [node("LeakyRelu", ["a"], ["b"], [referenceAttribute("alpha", "b")])];
    expect(verdictOf(encodeCalls({ F: body }, { nodes }))).toBe("ok");
  });
});
