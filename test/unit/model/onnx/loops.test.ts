import { describe, expect, it } from "vitest";
import {
  graphAttribute,
  int64Tensor,
  intAttribute,
  message,
  node,
  type Part,
  tensor,
} from "../../../support/onnx-encoder.ts";
import {
  all,
  bytesField,
  constant,
  encodeCalls,
  encodeOver,
  loop,
  loopBody,
  packed,
  verdictOf,
} from "./odd-parts.ts";

const NO_END = /^unsupported_model: a Loop has no constant trip count/;
const TOO_LONG = /^unsupported_model: its loops make one run execute/;

const fiveTimes = int64Tensor("n", 5n);

/** A Loop of `trips` around whatever `inner` says. */
const around = (trips: string, ...inner: readonly Part[]) => loop(trips, loopBody(inner));

describe("a Loop with a known end", () => {
  it.each<readonly [string, Part]>([
    ["a Constant", constant("n", 5n)],
    ["a Constant of value_int", node("Constant", [], ["n"], [intAttribute("value_int", 5)])],
  ])("takes its trip count from %s", (_what, source) => {
    expect(verdictOf(encodeOver({ nodes: [source, loop("n")] }))).toBe("ok");
  });

  it.each<readonly [string, Part]>([
    ["raw bytes", fiveTimes],
    ["a vector of one", tensor("n", 7, [1], packed(7, [5]))],
    ["a negative number", int64Tensor("n", -1n)],
    ["a million less a few", int64Tensor("n", 300_000n)],
  ])("takes its trip count from an initializer: %s", (_what, initializer) => {
    expect(verdictOf(encodeOver({ nodes: [loop("n")], initializers: [initializer] }))).toBe("ok");
  });

  it("sees constants of the graphs around it", () => {
    const nodes = [around("n", around("n", loop("n")))];
    expect(verdictOf(encodeOver({ nodes, initializers: [fiveTimes] }))).toBe("ok");
  });

  it("may list its trip count among the inputs, as files before IR version 4 do", () => {
    const inputs = [
      { name: "x", type: 1, shape: [1] },
      { name: "n", type: 7, shape: [] },
    ];
    expect(verdictOf(encodeOver({ nodes: [loop("n")], inputs, initializers: [fiveTimes] }))).toBe(
      "ok",
    );
  });

  it("may stand beside Scan and If, which end with their input", () => {
    const scan = node(
      "Scan",
      ["x"],
      ["y"],
      [graphAttribute("body", loopBody()), intAttribute("num_scan_inputs", 1)],
    );
    const choice = node(
      "If",
      ["c"],
      ["y"],
      [graphAttribute("then_branch", { nodes: [loop("n")] })],
    );
    expect(verdictOf(encodeOver({ nodes: [scan, choice], initializers: [fiveTimes] }))).toBe("ok");
  });
});

describe("a Loop without a known end is refused", () => {
  it.each<readonly [string, Parameters<typeof encodeOver>[0]]>([
    ["without a trip count", { nodes: [loop("")] }],
    [
      "without any inputs",
      { nodes: [node("Loop", [], ["y"], [graphAttribute("body", loopBody())])] },
    ],
    ["counted by an input", { nodes: [loop("x")] }],
    ["counted by what a node works out", { nodes: [node("Size", ["x"], ["n"]), loop("n")] }],
    ["counted by a name that nobody gives", { nodes: [loop("nobody")] }],
    [
      "counted by a float",
      { nodes: [loop("n")], initializers: [tensor("n", 1, [], new Uint8Array(4))] },
    ],
    [
      "counted by two numbers",
      { nodes: [loop("n")], initializers: [tensor("n", 7, [2], packed(7, [5, 5]))] },
    ],
    [
      "in an If",
      {
        nodes: [node("If", ["c"], ["y"], [graphAttribute("then_branch", { nodes: [loop("x")] })])],
      },
    ],
    [
      "in a Scan",
      { nodes: [node("Scan", ["x"], ["y"], [graphAttribute("body", loopBody([loop("x")]))])] },
    ],
    [
      "in a Loop, counted by its iteration",
      { nodes: [around("n", loop("i"))], initializers: [fiveTimes] },
    ],
    [
      "under the other name of ONNX's domain",
      { nodes: [node("Loop", ["x"], ["y"], [], "ai.onnx")] },
    ],
  ])("%s", (_how, parts) => {
    expect(verdictOf(encodeOver(parts))).toMatch(NO_END);
  });

  it("in a function, which sees no constants but its own", () => {
    const parts = { nodes: [node("F", ["x"], ["y"], [], "my")], initializers: [fiveTimes] };
    expect(verdictOf(encodeCalls({ F: [loop("n")] }, parts))).toMatch(NO_END);
    expect(verdictOf(encodeCalls({ F: [constant("n", 5n), loop("n")] }, parts))).toBe("ok");
    // `a` is the function's input, whatever else bears its name.
    expect(verdictOf(encodeCalls({ F: [constant("a", 5n), loop("a")] }, parts))).toMatch(NO_END);
  });

  it("unless nothing calls the function", () => {
    expect(verdictOf(encodeCalls({ F: [loop("a")] }, {}))).toBe("ok");
  });
});

describe("a long way to the end", () => {
  const times = (trips: bigint) => ({ initializers: [int64Tensor("n", trips)] });

  it("is refused at more than a million nodes", () => {
    expect(verdictOf(encodeOver({ nodes: [loop("n")], ...times(499_999n) }))).toBe("ok");
    expect(verdictOf(encodeOver({ nodes: [loop("n")], ...times(500_000n) }))).toMatch(TOO_LONG);
    expect(verdictOf(encodeOver({ nodes: [loop("n")], ...times((1n << 63n) - 1n) }))).toMatch(
      TOO_LONG,
    );
  });

  it("is refused when the loop does nothing but turn", () => {
    const idle = loop("n", { inputs: [], outputs: [] });
    expect(verdictOf(encodeOver({ nodes: [idle], ...times(2_000_000n) }))).toMatch(TOO_LONG);
  });

  it("is refused when loops inside loops multiply", () => {
    const nodes = [around("n", around("n", loop("n")))];
    expect(verdictOf(encodeOver({ nodes, ...times(50n) }))).toBe("ok");
    expect(verdictOf(encodeOver({ nodes, ...times(80n) }))).toMatch(TOO_LONG);
  });

  it("is refused when a loop calls a function that loops", () => {
    const nodes = [around("n", node("F", ["v"], ["f"], [], "my"))];
    const body = [constant("m", 1_000n), loop("m", loopBody(), ["a", "b"])];
    expect(verdictOf(encodeCalls({ F: body }, { nodes, ...times(100n) }))).toBe("ok");
    expect(verdictOf(encodeCalls({ F: body }, { nodes, ...times(1_000n) }))).toMatch(TOO_LONG);
  });

  it("is refused beside a loop that never turns around one that is longer than any number", () => {
    // 0 × Infinity is no number, and no number is over a limit.
    const endless = Array.from({ length: 18 }).reduce<Part>(
      (inner) => around("n", inner),
      loop("n"),
    );
    const nodes = [around("zero", endless), loop("n")];
    const initializers = [int64Tensor("n", (1n << 63n) - 1n), int64Tensor("zero", 0n)];
    expect(verdictOf(encodeOver({ nodes, initializers }))).toMatch(TOO_LONG);
    expect(verdictOf(encodeOver({ nodes: [around("zero", endless)], initializers }))).toBe("ok");
  });
});

it("takes no trip count that another tensor of its name replaces", () => {
  // The engine takes the latest of two. This one is written so that it is no plain scalar.
  const split = tensor("n", 7, [], all(packed(7, [1n << 62n]), bytesField(7, new Uint8Array())));
  const nodes = [loop("n")];
  for (const initializers of [
    [fiveTimes, split],
    [split, fiveTimes],
    [fiveTimes, fiveTimes],
  ]) {
    expect(verdictOf(encodeOver({ nodes, initializers }))).toMatch(NO_END);
  }
  const hidden = loop("n", loopBody([loop("n")], { initializers: [split] }));
  expect(verdictOf(encodeOver({ nodes: [hidden], initializers: [fiveTimes] }))).toMatch(NO_END);
  expect(
    verdictOf(encodeOver({ nodes: [constant("n", 5n), ...nodes], initializers: [fiveTimes] })),
  ).toMatch(NO_END);
});

it("refuses an attribute with two values, of which parsers make one", () => {
  const twice = all(
    graphAttribute("body", loopBody()),
    message(6, () => undefined),
  );
  expect(verdictOf(encodeOver({ nodes: [node("Loop", ["n"], ["y"], [twice])] }))).toBe(
    "invalid_model: an attribute is given two values",
  );
});
