import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { invalid, unsupported } from "./refusal.ts";

/** How the numbers of a repeated field are encoded. */
export type NumberKind = WireType.Varint | WireType.Bit32 | WireType.Bit64;

/** Protobuf's own limit of nested messages, which the engine's parser has too. */
const MAX_DEPTH = 100;

/**
 * Messages of a file that are looked into. An empty one takes two bytes there and an object
 * of hundreds here: a small file could take all the memory there is. Large models have
 * some ten thousand.
 */
const MAX_MESSAGES = 250_000;

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
  /** Messages looked into so far, in the whole file. */
  readonly #seen: { messages: number };
  #wire: WireType = WireType.Varint;

  private constructor(
    bytes: Uint8Array,
    reader: BinaryReader,
    end: number,
    depth: number,
    seen: { messages: number },
  ) {
    this.#bytes = bytes;
    this.#reader = reader;
    this.#end = end;
    this.#depth = depth;
    this.#seen = seen;
  }

  static of(bytes: Uint8Array): WireMessage {
    return new WireMessage(bytes, new BinaryReader(bytes), bytes.length, 0, { messages: 0 });
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
      if (reader.pos > this.#end) throw damaged("a field reaches past the end of its message");
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

  /**
   * A text; it has to be UTF-8. A decoder that mends what is not would make one name out of
   * two that the engine, which compares bytes, keeps apart: an input and a constant, say.
   */
  text(): string {
    this.#expect(WireType.LengthDelimited);
    return this.#reader.string(true);
  }

  /** A message inside this one. */
  message(): WireMessage {
    this.#expect(WireType.LengthDelimited);
    if (this.#depth === MAX_DEPTH) throw damaged(`messages are nested over ${MAX_DEPTH} deep`);
    this.#seen.messages += 1;
    if (this.#seen.messages > MAX_MESSAGES) {
      throw unsupported(
        `the file has over ${MAX_MESSAGES} parts; merge nodes, or serve a smaller model`,
      );
    }
    const length = this.#reader.uint32();
    const end = this.#reader.pos + length;
    if (end > this.#end) throw damaged("a message reaches past the end of the one around it");
    return new WireMessage(this.#bytes, this.#reader, end, this.#depth + 1, this.#seen);
  }

  /** The numbers of one occurrence of a repeated field as they lie, packed or not. */
  encodedNumbers(kind: NumberKind): Uint8Array {
    if (this.#wire === WireType.LengthDelimited) return this.#reader.bytes();
    this.#expect(kind);
    const start = this.#reader.pos;
    this.#skipValue(0);
    return this.#bytes.subarray(start, this.#reader.pos);
  }

  #expect(wire: WireType): void {
    if (this.#wire !== wire) throw damaged("a field is not of the type that ONNX gives it");
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
    // The common types by hand: `skip` makes a view of each value it skips.
    if (this.#wire === WireType.Bit32) reader.pos += 4;
    else if (this.#wire === WireType.Bit64) reader.pos += 8;
    else if (this.#wire === WireType.Varint) reader.pos = afterVarint(this.#bytes, reader.pos);
    else if (this.#wire === WireType.LengthDelimited) {
      const length = reader.uint32();
      reader.pos += length;
    } else reader.skip(this.#wire, field);
  }
}

const damaged = (how: string) => invalid(`the file is cut off or damaged: ${how}`);

/** How many numbers lie in `encoded`. */
export function countNumbers(encoded: Uint8Array, kind: NumberKind): number {
  if (kind === WireType.Varint) return countVarints(encoded);
  const size = kind === WireType.Bit32 ? 4 : 8;
  if (encoded.length % size !== 0) throw damaged("packed numbers are cut off");
  return encoded.length / size;
}

/** The whole numbers in `encoded`. */
export function decodeInt64s(encoded: Uint8Array): bigint[] {
  const reader = new BinaryReader(encoded);
  const values: bigint[] = [];
  while (reader.pos < reader.len) values.push(BigInt(reader.int64()));
  return values;
}

/** Each number ends with a byte below 0x80. */
function countVarints(encoded: Uint8Array): number {
  let count = 0;
  let at = 0;
  while (at < encoded.length) {
    at = afterVarint(encoded, at);
    count += 1;
  }
  if (at > encoded.length) throw damaged("packed numbers are cut off");
  return count;
}

/** Where a number ends; past the end of `bytes` when it is cut off. */
function afterVarint(bytes: Uint8Array, start: number): number {
  let at = start;
  while ((bytes[at] ?? 0) >= 0x80) at += 1;
  return at + 1;
}
