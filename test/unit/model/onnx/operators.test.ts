import { describe, expect, it } from "vitest";
import {
  functionBody,
  graphAttribute,
  message,
  node,
  type Part,
  text,
} from "../../../support/onnx-encoder.ts";
import {
  all,
  encodeCalls,
  encodeOver,
  encodeWith,
  factsOf,
  raw,
  varint,
  verdictOf,
} from "./odd-parts.ts";

const call = (operator: string, domain: string) => node(operator, ["x"], ["y"], [], domain);

const opset = (domain: string, version: number): Part =>
  message(8, all(text(1, domain), varint(2, version)));

describe("operator sets and formats", () => {
  it.each([
    ["", 26],
    ["ai.onnx", 26],
    ["ai.onnx.ml", 5],
    ["com.microsoft", 1],
  ])("are taken up to what the engine has: %j %i", (domain, version) => {
    expect(verdictOf(encodeWith(opset(domain, version)))).toBe("ok");
    expect(verdictOf(encodeWith(opset(domain, version + 1)))).toMatch(
      new RegExp(`^unsupported_model: .*operator set ${version + 1} of ${domain || "ai.onnx"}`),
    );
  });

  it("may be of domains nothing is used of", () => {
    expect(verdictOf(encodeWith(opset("com.example", 99)))).toBe("ok");
  });

  it("of functions count as well", () => {
    const functions = [functionBody("my", "F", [node("Neg", ["a"], ["b"])], 27)];
    expect(verdictOf(encodeOver({ functions }))).toMatch(/operator set 27/);
  });

  it("are of IR version 13 at most", () => {
    expect(verdictOf(encodeOver({ irVersion: 13 }))).toBe("ok");
    expect(verdictOf(encodeOver({ irVersion: 14 }))).toMatch(/^unsupported_model: .*IR version 14/);
    expect(verdictOf(encodeOver({ irVersion: 2 ** 53 }))).toMatch(/^unsupported_model/);
  });
});

describe("operators", () => {
  it("are counted in subgraphs and functions too, the most frequent first", () => {
    const branch = { nodes: [node("Neg", ["x"], ["n"]), node("Neg", ["n"], ["z"])] };
    const nodes = [
      node(
        "If",
        ["c"],
        ["y"],
        [graphAttribute("then_branch", branch), graphAttribute("else_branch", branch)],
      ),
      call("F", "my"),
    ];
    const facts = factsOf(encodeCalls({ F: [node("Abs", ["a"], ["b"])] }, { nodes }));
    expect(facts.operators).toEqual([
      { domain: "", operator: "Neg", count: 4 },
      { domain: "", operator: "If", count: 1 },
      { domain: "my", operator: "F", count: 1 },
      { domain: "", operator: "Abs", count: 1 },
    ]);
    expect(facts.nodeCount).toBe(7);
  });

  it("of ONNX are the same by either name of its domain", () => {
    const nodes = [call("Identity", "ai.onnx")];
    expect(factsOf(encodeOver({ nodes })).operators).toEqual([
      { domain: "", operator: "Identity", count: 1 },
    ]);
  });

  it("of a domain that the engine has not are refused wherever they stand", () => {
    const foreign = call("Secret", "com.example");
    const expected = /^unsupported_model: operator 'Secret' of domain 'com\.example'/;
    expect(verdictOf(encodeOver({ nodes: [foreign] }))).toMatch(expected);
    const inside = node("If", ["c"], ["y"], [graphAttribute("then_branch", { nodes: [foreign] })]);
    expect(verdictOf(encodeOver({ nodes: [inside] }))).toMatch(expected);
    expect(verdictOf(encodeCalls({ F: [foreign] }, { nodes: [call("F", "my")] }))).toMatch(
      expected,
    );
    const many = all(text(1, "graphs"), message(11, message(1, foreign)));
    expect(verdictOf(encodeOver({ nodes: [node("If", ["c"], ["y"], [many])] }))).toMatch(expected);
  });

  it.each(["BeamSearch", "WhisperBeamSearch", "GreedySearch", "Sampling"])(
    "that decode as long as an input says are refused: %s",
    (operator) => {
      const nodes = [call(operator, "com.microsoft")];
      const expected = new RegExp(`^unsupported_model: operator '${operator}' runs as long`);
      expect(verdictOf(encodeOver({ nodes }))).toMatch(expected);
      // The engine runs its own operator and not the file's function of the same name.
      const functions = [functionBody("com.microsoft", operator, [node("Neg", ["a"], ["b"])])];
      expect(verdictOf(encodeOver({ nodes, functions }))).toMatch(expected);
    },
  );

  it("of the same name in ONNX's domain are the engine's to judge", () => {
    expect(verdictOf(encodeOver({ nodes: [call("Sampling", "")] }))).toBe("ok");
  });
});

describe("functions", () => {
  it("may be called in their own domain", () => {
    const nodes = [call("F", "my")];
    expect(verdictOf(encodeCalls({ F: [node("Neg", ["a"], ["b"])] }, { nodes }))).toBe("ok");
  });

  it("may not share a name, unless they overload it", () => {
    const body = functionBody("my", "F", [node("Neg", ["a"], ["b"])]);
    const overload = all(body, text(13, "other"));
    expect(verdictOf(encodeOver({ functions: [body, overload] }))).toBe("ok");
    expect(verdictOf(encodeOver({ functions: [body, body] }))).toBe(
      "invalid_model: the file has two functions of one name",
    );
    const either = ["", "ai.onnx"].map((domain) => functionBody(domain, "F", []));
    expect(verdictOf(encodeOver({ functions: either }))).toMatch(/two functions of one name/);
  });

  it("may be empty", () => {
    expect(verdictOf(encodeOver({ functions: [raw()] }))).toBe("ok");
  });
});
