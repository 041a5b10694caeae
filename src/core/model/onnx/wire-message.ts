import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { invalid } from "./refusal.ts";

/** Protobuf's own limit of nested messages, which the engine's parser has too. */
const MAX_DEPTH = 100;

/**
 * One protobuf message, read field by field where it lies: nothing is copied but the
 * texts asked for, and no field reaches past the end of its message.
 * Source: protobuf.dev, "Encoding".
 */
export class WireMessage {
  readonly #bytes: Uint8Array;
  readonly #reader: BinaryReader;
  readonly #end: number;
  readonly #depth: number;
  #wire: WireType = WireType.Varint;

  private constructor(bytes: Uint8Array, reader: BinaryReader, end: number, depth: number) {
    this.#bytes = bytes;
    this.#reader = reader;
    this.#end = end;
    this.#depth = depth;
  }

  static of(bytes: Uint8Array): WireMessage {
    return new WireMessage(bytes, new BinaryReader(bytes), bytes.length, 0);
  }

  /**
   * Calls `visit` with each field's number; it reads the value with a method below, once,
   * or leaves it to be skipped.
   * @throws Error when the bytes are not well-formed
   */
  each(visit: (field: number) => void): void {
    const reader = this.#reader;
    while (reader.pos < this.#end) {
      const tagAt = reader.pos;
      const [field, wire] = reader.tag();
      this.#wire = wire;
      const valueAt = reader.pos;
      visit(field);
      if (reader.pos === valueAt) this.#skip(field, tagAt);
      if (reader.pos > this.#end) throw invalid("a field reaches past the end of its message");
    }
  }

  /** A whole number; of a type of 64 bits. */
  int64(): bigint {
    this.#expect(WireType.Varint);
    return BigInt(this.#reader.int64());
  }

  /** An enumeration or a number of 32 bits. */
  int32(): number {
    this.#expect(WireType.Varint);
    return this.#reader.int32();
  }

  /** Bytes, viewed and not copied. */
  bytes(): Uint8Array {
    this.#expect(WireType.LengthDelimited);
    return this.#reader.bytes();
  }

  text(): string {
    this.#expect(WireType.LengthDelimited);
    return this.#reader.string();
  }

  /** A message inside this one. */
  message(): WireMessage {
    this.#expect(WireType.LengthDelimited);
    if (this.#depth === MAX_DEPTH) throw invalid(`messages are nested over ${MAX_DEPTH} deep`);
    const length = this.#reader.uint32();
    const end = this.#reader.pos + length;
    if (end > this.#end) throw invalid("a message reaches past the end of the one around it");
    return new WireMessage(this.#bytes, this.#reader, end, this.#depth + 1);
  }

  /** Whole numbers of one occurrence of a repeated field, packed or not. */
  int64s(): bigint[] {
    if (this.#wire === WireType.Varint) return [this.int64()];
    const packed = new BinaryReader(this.bytes());
    const values: bigint[] = [];
    while (packed.pos < packed.len) values.push(BigInt(packed.int64()));
    return values;
  }

  /** How many numbers one occurrence of a repeated field holds, packed or not. */
  countNumbers(kind: "varint" | "fixed32" | "fixed64"): number {
    if (this.#wire !== WireType.LengthDelimited) {
      this.#expect(SINGLE[kind]);
      this.#skipValue(0);
      return 1;
    }
    const packed = this.bytes();
    if (kind === "varint") return countVarints(packed);
    const size = kind === "fixed32" ? 4 : 8;
    if (packed.length % size !== 0) throw invalid("packed numbers are cut off");
    return packed.length / size;
  }

  #expect(wire: WireType): void {
    if (this.#wire !== wire) throw invalid("a field is not of the type that ONNX gives it");
  }

  /** Skips a field and those of the same tag that follow: tree ensembles have millions in a row. */
  #skip(field: number, tagAt: number): void {
    const bytes = this.#bytes;
    const reader = this.#reader;
    const tag = bytes[tagAt];
    const oneByteTag = reader.pos === tagAt + 1;
    this.#skipValue(field);
    while (oneByteTag && reader.pos < this.#end && bytes[reader.pos] === tag) {
      reader.pos += 1;
      this.#skipValue(field);
    }
  }

  #skipValue(field: number): void {
    const reader = this.#reader;
    if (this.#wire === WireType.Bit32) reader.pos += 4;
    else if (this.#wire === WireType.Bit64) reader.pos += 8;
    else reader.skip(this.#wire, field);
  }
}

const SINGLE = {
  varint: WireType.Varint,
  fixed32: WireType.Bit32,
  fixed64: WireType.Bit64,
} as const;

/** Each number ends with a byte below 0x80. */
function countVarints(packed: Uint8Array): number {
  let count = 0;
  for (const byte of packed) if (byte < 0x80) count += 1;
  if ((packed.at(-1) ?? 0) >= 0x80) throw invalid("packed numbers are cut off");
  return count;
}
