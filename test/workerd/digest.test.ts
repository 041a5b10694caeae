import { describe, expect, it } from "vitest";
import { createWorkersDigest } from "../../src/adapters/web-platform/digest.ts";

const encoder = new TextEncoder();
const digest = createWorkersDigest();

/** FIPS 180-2, appendix B, and the empty message of the NIST test vectors. */
const VECTORS: readonly (readonly [what: string, chunks: readonly Uint8Array[], hex: string])[] = [
  ["nothing", [], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
  [
    "abc",
    [encoder.encode("abc")],
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  ],
  [
    "448 bits in two chunks",
    [
      encoder.encode("abcdbcdecdefdefgefghfghighij"),
      encoder.encode("hijkijkljklmklmnlmnomnopnopq"),
    ],
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
  ],
  [
    "a million times 'a'",
    Array.from({ length: 1_000 }, () => encoder.encode("a".repeat(1_000))),
    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
  ],
];

/** Of so many bytes of `a`, by Python's hashlib. */
const AROUND_4_KIB: readonly (readonly [size: number, hex: string])[] = [
  [4_095, "e2e8bab8dad4a3879ffed30a624fee2310f39141d454c57f89e908e527dfd8cd"],
  [4_096, "c93eee2d0db02f10acc7460d9576e122dcf8cd53c4bf8dfcae1b3e74ebcfff5a"],
  [4_097, "4e369b5618643c3abddd027b650bfa54810be3b418028a7c9d82299a59d008e8"],
  [9_000, "0598aa54768194ade580b9806ac98ace43a0310aeceae95762f62491625eee52"],
];

async function sha256(chunks: readonly Uint8Array[]): Promise<string> {
  const stream = digest.sha256Stream();
  for (const chunk of chunks) await stream.write(new Uint8Array(chunk));
  return stream.finish();
}

describe("the Workers' SHA-256", () => {
  it.each(VECTORS)("of %s is the standard's", async (_what, chunks, hex) => {
    expect(await sha256(chunks)).toBe(hex);
  });

  it.each(AROUND_4_KIB)(
    "of %i bytes is the same in whatever pieces they come",
    async (size, hex) => {
      const whole = encoder.encode("a".repeat(size));
      expect(await sha256([whole])).toBe(hex);
      for (const piece of [1_000, 2_048, size - 1]) {
        const pieces = [];
        for (let at = 0; at < size; at += piece) pieces.push(whole.subarray(at, at + piece));
        expect(await sha256(pieces)).toBe(hex);
      }
    },
  );

  it("hashes what was in a chunk when it was written, whatever comes into it afterwards", async () => {
    const chunk = encoder.encode("abc");
    const stream = digest.sha256Stream();
    await stream.write(chunk);
    chunk.fill(0);
    expect(await stream.finish()).toBe(VECTORS[1]?.[2]);
  });

  it("hashes streams side by side without mixing them", async () => {
    const [nothing, abc] = VECTORS;
    const both = await Promise.all([sha256(nothing?.[1] ?? []), sha256(abc?.[1] ?? [])]);
    expect(both).toEqual([nothing?.[2], abc?.[2]]);
  });

  it("takes a view for what it shows of its buffer", async () => {
    const whole = encoder.encode("xxabcxx");
    const stream = digest.sha256Stream();
    await stream.write(whole.subarray(2, 5));
    expect(await stream.finish()).toBe(VECTORS[1]?.[2]);
  });
});
