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

async function sha256(chunks: readonly Uint8Array[]): Promise<string> {
  const stream = digest.sha256Stream();
  for (const chunk of chunks) await stream.write(new Uint8Array(chunk));
  return stream.finish();
}

describe("the Workers' SHA-256", () => {
  it.each(VECTORS)("of %s is the standard's", async (_what, chunks, hex) => {
    expect(await sha256(chunks)).toBe(hex);
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
