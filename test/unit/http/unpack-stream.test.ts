import { deflateSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { unpackStream } from "../../../src/http/body/unpack-stream.ts";

/** A body that comes in pieces of a size, one when it is asked for. */
function bodyOf(bytes: Uint8Array, size = 64 * 1024) {
  const seen = { sent: 0, isCancelled: false };
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (seen.sent >= bytes.length) return controller.close();
        controller.enqueue(Uint8Array.from(bytes.subarray(seen.sent, seen.sent + size)));
        seen.sent += size;
      },
      cancel() {
        seen.isCancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, seen };
}

const bytesOf = async (stream: ReadableStream<Uint8Array>) =>
  new Uint8Array(
    await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer(),
  );

/** Hard to pack, so that it is many slices. */
function noise(length: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return state >> 16;
  });
}

describe("unpacking a body while it is read", () => {
  it("gives what was packed, in whatever pieces it came", async () => {
    const body = fc.record({
      bytes: fc.uint8Array({ maxLength: 3_000 }),
      times: fc.integer({ min: 0, max: 40 }),
      size: fc.integer({ min: 1, max: 9_000 }),
      isGzip: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(body, async ({ bytes, times, size, isGzip }) => {
        const whole = Buffer.concat(Array.from({ length: times }, () => bytes));
        const packed = isGzip ? gzipSync(whole) : deflateSync(whole);
        const { stream } = bodyOf(packed, Math.max(size, packed.length >> 7));
        const unpacked = await bytesOf(unpackStream(stream, isGzip ? "gzip" : "deflate"));
        expect(Buffer.compare(unpacked, whole)).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it("breaks where the body is cut, damaged, or goes on after its end", async () => {
    const packed = gzipSync(noise(50_000));
    const damaged = Uint8Array.from(packed);
    damaged.fill(0x55, 20_000, 20_100);
    const long = Buffer.concat([packed, Buffer.from("more")]);
    for (const bytes of [packed.subarray(0, 30_000), damaged, long, Buffer.from("plain text")]) {
      await expect(bytesOf(unpackStream(bodyOf(bytes).stream, "gzip"))).rejects.toThrow();
    }
  });

  it("breaks where the body breaks off", async () => {
    const packed = gzipSync(noise(50_000));
    let isFirst = true;
    const broken = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (!isFirst) return controller.error(new Error("the client has gone"));
        isFirst = false;
        controller.enqueue(Uint8Array.from(packed.subarray(0, 10_000)));
      },
    });
    await expect(bytesOf(unpackStream(broken, "gzip"))).rejects.toThrow("the client has gone");
  });

  it("reads no more of the body than its reader wants, and gives it up with its reader", async () => {
    const packed = gzipSync(noise(4_000_000));
    const { stream, seen } = bodyOf(packed, 4_096);
    const reader = unpackStream(stream, "gzip").getReader();
    expect(packed.length).toBeGreaterThan(3_000_000);
    expect(seen.sent).toBe(0);
    await reader.read();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(seen.sent).toBeLessThan(packed.length / 10);
    await reader.cancel();
    expect(seen.isCancelled).toBe(true);
  });
});
