import { describe, expect, it } from "vitest";
import { slottedKey } from "../../../src/core/cache/prediction-key.ts";
import { makeTensor } from "../../../src/core/model/tensor.ts";
import { KnownRequests } from "../../../src/http/oip/known-requests.ts";

const text = (...data: number[]) =>
  JSON.stringify({ inputs: [{ name: "x", shape: [1, data.length], datatype: "FP32", data }] });

describe("JSON requests that came before", () => {
  it("are read once", () => {
    const known = new KnownRequests();
    const first = known.read(text(1, 2));
    expect(first).toMatchObject({ ok: true, value: { inputs: [{ name: "x" }], keySlot: {} } });
    const again = known.read(text(1, 2));
    expect(again.ok && first.ok && again.value === first.value).toBe(true);
    const other = known.read(text(2, 1));
    expect(other.ok && first.ok && other.value !== first.value).toBe(true);
  });

  it("are refused each time when they are wrong", () => {
    const known = new KnownRequests();
    expect(known.read("{").ok).toBe(false);
    expect(known.read("{").ok).toBe(false);
  });

  it("that are long are read each time", () => {
    const known = new KnownRequests();
    const long = text(...Array.from({ length: 2_000 }, () => 1));
    const [first, again] = [known.read(long), known.read(long)];
    expect(first).toEqual(again);
    expect(first.ok && again.ok && first.value !== again.value).toBe(true);
  });
});

describe("a slot for a key", () => {
  const inputs = [makeTensor("x", "FP32", [1], Float32Array.of(1))];

  it("keeps it for one version and its outputs, and makes it anew for others", () => {
    const slot = {};
    const keys = [
      ["v1", "a"],
      ["v1", "a"],
      ["v2", "a"],
      ["v2", "b"],
      ["v1", "a"],
    ].map(([prefix = "", outputs = ""]) => slottedKey({ prefix, outputs, inputs, slot }));
    expect(new Set(keys).size).toBe(3);
    expect(keys[0]).toBe(keys[4]);
    expect(keys[0]).toBe(slottedKey({ prefix: "v1", outputs: "a", inputs }));
  });

  it("keeps nothing of what needs a hash", () => {
    const large = [makeTensor("x", "FP32", [400], new Float32Array(400))];
    expect(slottedKey({ prefix: "v", outputs: "o", inputs: large, slot: {} })).toBeUndefined();
  });
});
