import { describe, expect, it } from "vitest";
import { encodeModel } from "../../../support/onnx-encoder.ts";
import { bytesField, verdictOf } from "./odd-parts.ts";

describe("inspecting takes time and memory in proportion to the bytes", () => {
  const SIZE = 1_000_000;
  const filled = (...pattern: readonly number[]) =>
    new Uint8Array(Buffer.alloc(SIZE, Uint8Array.from(pattern)));

  /** As a graph that fills the file. */
  const asGraph = (graph: Uint8Array) => {
    const file = encodeModel({ opsets: [], extra: bytesField(7, graph) });
    // `encodeModel` writes a graph of its own in front.
    return file.subarray(file.length - graph.length - 4);
  };

  it.each([
    ["zeros", filled(0)],
    ["a number without end", filled(0xff)],
    ["fields that nobody knows", filled(0x2a, 0x00)],
    ["groups that open", filled(0xf3, 0x01)],
    ["nodes that are a number without end", asGraph(filled(0x80))],
  ])(
    "for 1 MB of %s",
    (_what, bytes) => {
      expect(verdictOf(bytes)).toMatch(/^invalid_model: /);
    },
    5_000,
  );

  it.each([
    ["operator sets", filled(0x42, 0x00)],
    ["metadata", filled(0x72, 0x00)],
    ["nodes", asGraph(filled(0x0a, 0x00))],
    ["inputs", asGraph(filled(0x5a, 0x00))],
  ])(
    "for 1 MB of empty %s, of which objects are made",
    (_what, bytes) => {
      expect(verdictOf(bytes)).toMatch(/^unsupported_model: the file has over 250000 parts/);
    },
    5_000,
  );
});
