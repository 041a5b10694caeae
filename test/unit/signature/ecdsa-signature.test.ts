import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toP1363 } from "../../../src/adapters/web-platform/ecdsa-signature.ts";

/** DER as RFC 3279 has it: the shortest form, a zero before a first bit that is set. */
function toDer(numbers: readonly bigint[]): Uint8Array {
  const parts = numbers.map((number) => {
    const hex = number.toString(16);
    const digits = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
    const body = (digits[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), digits]) : digits;
    return Buffer.concat([Buffer.of(0x02, body.byteLength), body]);
  });
  const inside = Buffer.concat(parts);
  return Uint8Array.from(Buffer.concat([Buffer.of(0x30, inside.byteLength), inside]));
}

const sideBySide = (numbers: readonly bigint[]) =>
  numbers.map((number) => number.toString(16).padStart(64, "0")).join("");

const hexOf = (bytes: Uint8Array | undefined) =>
  bytes === undefined ? undefined : Buffer.from(bytes).toString("hex");

describe("an ECDSA signature for WebCrypto", () => {
  it("has r and s in 32 bytes each, however short or long DER wrote them", () => {
    const number = fc.bigInt({ min: 1n, max: 2n ** 256n - 1n });
    const short = fc.bigInt({ min: 1n, max: 2n ** 200n });
    fc.assert(
      fc.property(fc.oneof(number, short), fc.oneof(number, short), (r, s) => {
        expect(hexOf(toP1363(toDer([r, s])))).toBe(sideBySide([r, s]));
      }),
    );
  });

  it("may be side by side already", () => {
    const raw = Uint8Array.from({ length: 64 }, (_, index) => 255 - index);
    expect(toP1363(raw)).toEqual(raw);
  });

  it.each([
    ["nothing", []],
    ["a sequence without numbers", [0x30, 0x00]],
    ["a length that is not the sequence's", [0x30, 0x07, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01]],
    ["one number", [0x30, 0x03, 0x02, 0x01, 0x01]],
    ["three numbers", [0x30, 0x09, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01]],
    ["something else than numbers", [0x30, 0x06, 0x04, 0x01, 0x01, 0x04, 0x01, 0x01]],
    ["an empty number", [0x30, 0x05, 0x02, 0x00, 0x02, 0x01, 0x01]],
    ["a number of 33 digits", [0x30, 0x26, 0x02, 0x21, ...Array(33).fill(1), 0x02, 0x01, 0x01]],
  ])("is none: %s", (_what, bytes) => {
    expect(toP1363(Uint8Array.from(bytes))).toBeUndefined();
  });

  it("is taken or refused, never tripped over, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect([undefined, 64]).toContain(toP1363(bytes)?.byteLength);
      }),
    );
  });
});
