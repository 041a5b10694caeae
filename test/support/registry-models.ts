import { WireType } from "@bufbuild/protobuf/wire";
import type { Bytes } from "../../src/core/model/tensor.ts";
import { ELEMENT, encodeModel, message, node, type Part, text } from "./onnx-encoder.ts";

export interface ModelWish {
  readonly input?: string;
  readonly type?: number;
  readonly columns?: number;
  readonly output?: string;
  /** `metadata_props`. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Grows the file by so many bytes, at least. */
  readonly padding?: number;
}

/** A valid file from `x` to `sum` that differs from every other label's. */
export function registryModel(label: string, wish: ModelWish = {}): Bytes {
  const { input = "x", type = ELEMENT.FP32, columns = 2, output = "sum" } = wish;
  const props = Object.entries({ ...wish.metadata, pad: "p".repeat(wish.padding ?? 0) });
  return encodeModel({
    nodes: [node("Identity", [input], [output])],
    inputs: [{ name: input, type, shape: ["n", columns] }],
    outputs: [{ name: output, type, shape: ["n", columns] }],
    extra: (writer) => {
      text(2, "tests")(writer);
      text(3, label)(writer);
      for (const [key, value] of props) if (value !== "") message(14, entry(key, value))(writer);
      writer.tag(5, WireType.Varint).int64(1);
    },
  });
}

const entry =
  (key: string, value: string): Part =>
  (writer) => {
    text(1, key)(writer);
    text(2, value)(writer);
  };
