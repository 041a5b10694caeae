import { describe, expect, it } from "vitest";
import customDomain from "../fixtures/invalid/custom_domain.onnx?url&inline";
import dimsLie from "../fixtures/invalid/dims_lie.onnx?url&inline";
import empty from "../fixtures/invalid/empty.onnx?url&inline";
import externalData from "../fixtures/invalid/external_data.onnx?url&inline";
import flipped from "../fixtures/invalid/flipped.onnx?url&inline";
import html from "../fixtures/invalid/html.onnx?url&inline";
import loopBurner from "../fixtures/invalid/loop_burner.onnx?url&inline";
import sequenceOutput from "../fixtures/invalid/sequence_output.onnx?url&inline";
import truncated from "../fixtures/invalid/truncated.onnx?url&inline";
import unknownOperator from "../fixtures/invalid/unknown_op.onnx?url&inline";
import zipmapOutput from "../fixtures/invalid/zipmap_output.onnx?url&inline";
import { ELEMENT, encodeModel, identityModel, node, oneNode } from "../support/onnx-encoder.ts";
import { bytesOf, floats, openFailure, runAll, withSession } from "./open-session.ts";

const UNSUPPORTED: readonly (readonly [what: string, url: string, detail: RegExp])[] = [
  ["a loop without a known end", loopBurner, /[Ll]oop/],
  ["an output that is a sequence", sequenceOutput, /sequence/],
  ["an output that is a sequence of maps", zipmapOutput, /probabilities/],
  ["an operator of nobody's", unknownOperator, /NoSuchOp/],
  ["an operator of a domain of its own", customDomain, /com\.example/],
  ["weights in another file", externalData, /another file/],
];

const INVALID: readonly (readonly [what: string, url: string])[] = [
  ["nothing at all", empty],
  ["half of a file", truncated],
  ["a page of HTML", html],
  ["a tensor that lies about its size", dimsLie],
  ["flipped bits", flipped],
];

const x = { name: "x", type: ELEMENT.FP32, shape: [1] };
const y = { name: "y", type: ELEMENT.FP32, shape: [1] };

/** What passes inspection and only the engine can refuse. */
const BY_THE_ENGINE = {
  "a node that takes what nothing gives": [
    oneNode(node("Add", ["x", "ghost"], ["y"]), x, y),
    "invalid_model",
    /'ghost', which nothing in the graph gives/,
  ],
  "types that contradict each other": [
    oneNode(node("Add", ["x", "x"], ["y"]), x, { ...y, type: ELEMENT.INT64 }),
    "invalid_model",
    /contradict/,
  ],
  "a type that the operator is not made for": [
    oneNode(
      node("Asinh", ["x"], ["y"]),
      { ...x, type: ELEMENT.FP64 },
      { ...y, type: ELEMENT.FP64 },
    ),
    "unsupported_model",
    /operator 'Asinh' \(9\) is not implemented/,
  ],
  "a name that is defined twice": [
    encodeModel({
      nodes: [node("Neg", ["x"], ["y"]), node("Abs", ["x"], ["y"])],
      inputs: [x],
      outputs: [y],
    }),
    "invalid_model",
    /the graph defines 'y' twice/,
  ],
} as const;

const BUILD_PATH = /\/|\.cc|\.h\b|onnxruntime|std::/;

describe("the engine does not open", () => {
  it.each(UNSUPPORTED)("%s: unsupported, and says what", async (_what, url, detail) => {
    const failure = await openFailure(bytesOf(url));
    expect(failure.reason).toBe("unsupported_model");
    expect(failure.detail).toMatch(detail);
    expect(failure.detail).not.toMatch(BUILD_PATH);
  });

  it.each(INVALID)("%s: invalid", async (_what, url) => {
    const failure = await openFailure(bytesOf(url));
    expect(failure.reason).toBe("invalid_model");
    expect(failure.detail).not.toMatch(BUILD_PATH);
  });

  it.each(Object.entries(BY_THE_ENGINE))("%s", async (_what, [model, reason, detail]) => {
    const failure = await openFailure(model);
    expect(failure.reason).toBe(reason);
    expect(failure.detail).toMatch(detail);
    expect(failure.detail).not.toMatch(BUILD_PATH);
  });

  it("anything of that, and opens the next model as ever", async () => {
    await withSession(identityModel(ELEMENT.FP32, [1]), async (session) => {
      expect(await runAll(session, [floats("x", [1], 4)])).toEqual([floats("y", [1], 4)]);
    });
  });
});
