import { describe, expect, it } from "vitest";
import { identityModel, message, node, type Part, text } from "../../../support/onnx-encoder.ts";
import { all, bytesField, encodeOver, encodeWith, raw, varint, verdictOf } from "./odd-parts.ts";

const good = identityModel(1, [1]);

const latin = (beginning: string) => Uint8Array.from(beginning, (char) => char.charCodeAt(0));

/** A group of field 30 that holds groups, `depth` of them. */
const groups = (depth: number): Part =>
  all(
    ...Array.from({ length: depth }, () => raw(0xf3, 0x01)),
    ...Array.from({ length: depth }, () => raw(0xf4, 0x01)),
  );

/** An If in an If … : three messages a level. */
const nested = (levels: number): Part =>
  levels === 0 ? node("Identity", ["x"], ["z"]) : all(text(4, "If"), inside(nested(levels - 1)));

const inside = (inner: Part): Part =>
  message(5, all(text(1, "then_branch"), message(6, message(1, inner))));

describe("a file that is no ONNX model", () => {
  it.each([
    ["<!doctype html>", "a web page or XML"],
    ['{"error": 1}', "JSON"],
    ["PK\u0003\u0004", "a ZIP archive"],
    ["\u001f\u008b\u0008", "compressed by gzip"],
    ["\u0080\u0004\u0095", "a Python pickle"],
    ["\u0089HDF\r\n", "HDF5"],
    ["version https://git-lfs.github.com/spec/v1", "a Git LFS pointer"],
    ["\u0020\u0000\u0000\u0000ORTM", "in ONNX Runtime's own format"],
    ["\u001c\u0000\u0000\u0000TFL3", "TensorFlow Lite"],
    ["", "empty"],
  ])("is called what it is: %j", (beginning, what) => {
    expect(verdictOf(latin(beginning))).toContain(
      `invalid_model: not an ONNX model: the file is ${what}`,
    );
  });

  it("is just that when nothing is known of it", () => {
    expect(verdictOf(Uint8Array.of(0x07, 0x07))).toBe(
      "invalid_model: not an ONNX model, or one that is cut off or damaged",
    );
  });
});

describe("a damaged file", () => {
  it.each<readonly [string, Part]>([
    ["a number without end", raw(0x08, ...Array<number>(12).fill(0xff))],
    ["a number that is cut off", raw(0x08, 0x80)],
    ["a tag that is cut off", raw(0x80)],
    ["a tag of more than 32 bits", raw(0xff, 0xff, 0xff, 0xff, 0x7f, 0x00)],
    ["field number 0", raw(0x00, 0x00)],
    ["a wire type that there is not", raw(0x0f, 0x00)],
    ["a text that reaches past the file", raw(0x12, 0x7f, 0x61)],
    ["a text of 4 GB", raw(0x12, 0xff, 0xff, 0xff, 0xff, 0x0f)],
    ["a graph of 4 GB", raw(0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f)],
    ["an unknown field of 4 GB", raw(0xf2, 0x01, 0xff, 0xff, 0xff, 0xff, 0x0f)],
    ["unknown 32 bits that are cut off", raw(0xf5, 0x01, 0x00)],
    ["unknown 64 bits that are cut off", raw(0xf1, 0x01, 0x00)],
    ["a group that is not closed", raw(0xf3, 0x01)],
    ["a group that another closes", raw(0xf3, 0x01, 0xfc, 0x01)],
    ["an end of a group that none began", raw(0xf4, 0x01)],
    ["groups nested without end", groups(5000)],
    ["a graph given as a number", varint(7, 1)],
    ["a version given as text", text(1, "8")],
    ["a field that reaches past its message", message(8, raw(0x0a, 0x05, 0x61))],
    ["a message that reaches past the one around it", message(7, raw(0x0a, 0x05))],
    ["a second graph", message(7, text(2, "again"))],
    ["a name that is not UTF-8", bytesField(2, Uint8Array.of(0x61, 0xff))],
  ])("is refused for %s", (_what, extra) => {
    expect(verdictOf(encodeWith(extra))).toMatch(/^invalid_model: /);
  });

  it("is refused however few of its last bytes are missing", () => {
    for (let length = 0; length < good.length; length += 1) {
      // What is cut off between two fields may be a whole field; then an opset is missing here.
      expect(verdictOf(good.subarray(0, length)), `${length} bytes`).toMatch(/^invalid_model: /);
    }
  });

  it("may nest graphs, though not without end", () => {
    const levels = (count: number) => verdictOf(encodeOver({ nodes: [nested(count)] }));
    expect(levels(32)).toBe("ok");
    expect(levels(33)).toMatch(/^invalid_model: .*nested over 100 deep/);
    expect(levels(1000)).toMatch(/^invalid_model: .*nested over 100 deep/);
  });
});

describe("what a newer ONNX may add", () => {
  it.each<readonly [string, Part]>([
    ["a number", varint(30, 1)],
    ["a text", text(30, "x")],
    ["many of one", all(...Array.from({ length: 100 }, (_, index) => varint(30, index)))],
    ["32 bits", raw(0xf5, 0x01, 1, 2, 3, 4)],
    ["64 bits", raw(0xf1, 0x01, 1, 2, 3, 4, 5, 6, 7, 8)],
    ["a group", groups(3)],
    ["many of a field with a short tag", all(text(6, "doc"), text(6, "doc"), text(6, ""))],
    ["many numbers with a short tag", all(varint(5, 1), varint(5, 1n << 62n), varint(5, 2))],
  ])("is skipped: %s", (_what, extra) => {
    expect(verdictOf(encodeWith(extra))).toBe("ok");
  });

  it("does not hide what is wrong behind it", () => {
    expect(verdictOf(encodeWith(all(text(6, "doc"), text(6, "doc"), varint(7, 1))))).toMatch(
      /^invalid_model: /,
    );
  });
});

it("keeps names apart that differ only in bytes that are not UTF-8 by taking neither", () => {
  // A decoder that mends them reads one name: the input would pass for the constant of "its" name,
  // and callers would set the trip count of a Loop.
  const name = (byte: number) => Uint8Array.of(0x6e, byte);
  const input = all(
    bytesField(1, name(0xff)),
    message(2, message(1, all(varint(1, 7), message(2, raw())))),
  );
  const initializer = all(
    varint(2, 7),
    bytesField(8, name(0xfe)),
    bytesField(9, new Uint8Array(8)),
  );
  expect(verdictOf(encodeOver({ inputs: [input], initializers: [initializer] }))).toMatch(
    /^invalid_model: /,
  );
});
