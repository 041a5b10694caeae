import { describe, expect, it } from "vitest";
import { readBody } from "../../src/http/body/read-body.ts";

const LIMIT = 100_000;
const text = new TextEncoder().encode('{"inputs": []} '.repeat(500));

type Format = "gzip" | "deflate" | "deflate-raw";

async function packed(bytes: Uint8Array, format: Format): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Response(bytes).body?.pipeThrough(new CompressionStream(format));
  return new Uint8Array(await new Response(stream ?? null).arrayBuffer());
}

const send = (body: Uint8Array, coding?: string) =>
  readBody(
    new Request("http://localhost/", {
      method: "POST",
      body,
      headers: coding === undefined ? {} : { "content-encoding": coding },
    }),
    { maxBytes: LIMIT },
  );

describe("a body in the Workers runtime", () => {
  it.each([
    ["gzip", "gzip"],
    ["deflate", "deflate"],
    ["bare deflate, as some clients send", "deflate-raw"],
  ] as const)("is unpacked from %s", async (_what, format) => {
    const coding = format === "gzip" ? "gzip" : "deflate";
    expect(await send(await packed(text, format), coding)).toEqual({ ok: true, value: text });
  });

  it("is taken as it is, and when there is none", async () => {
    expect(await send(text)).toEqual({ ok: true, value: text });
    expect(await send(new Uint8Array(), "gzip")).toEqual({ ok: true, value: new Uint8Array() });
  });

  it.each(["gzip", "deflate"] as const)("in %s is refused when cut short", async (format) => {
    const whole = await packed(text, format);
    expect(await send(whole.slice(0, whole.length - 3), format)).toMatchObject({
      failure: { reason: "bad_encoding", status: 400 },
    });
  });

  it.each(["gzip", "deflate"] as const)("in %s is refused when damaged", async (format) => {
    const damaged = await packed(text, format);
    damaged[damaged.length >> 1] = (damaged[damaged.length >> 1] ?? 0) ^ 0xff;
    expect(await send(damaged, format)).toMatchObject({
      failure: { reason: "bad_encoding", status: 400 },
    });
  });

  it.each(["gzip", "deflate"] as const)(
    "in %s is refused when something follows its end",
    async (format) => {
      const whole = await packed(text, format);
      const longer = new Uint8Array(whole.length + 4);
      longer.set(whole);
      longer.set([1, 2, 3, 4], whole.length);
      expect(await send(longer, format)).toMatchObject({ failure: { reason: "bad_encoding" } });
    },
  );

  it("is refused when it says gzip and is not", async () => {
    expect(await send(text, "gzip")).toMatchObject({ failure: { reason: "bad_encoding" } });
  });

  it.each(["gzip", "deflate"] as const)("in %s may not unpack past the limit", async (format) => {
    const bomb = await packed(new Uint8Array(20_000_000), format);
    expect(bomb.length).toBeLessThan(LIMIT);
    expect(await send(bomb, format)).toMatchObject({
      failure: {
        reason: "body_too_large",
        status: 413,
        detail: expect.stringContaining("after decompression"),
      },
    });
  });

  it.each(["gzip", "deflate"] as const)(
    "in %s of a thousand to one is not read, nor unpacked, to its end to learn that it is too large",
    async (format) => {
      const bomb = await packed(new Uint8Array(80_000_000), format);
      let sent = 0;
      let letGo = () => {};
      const isLetGo = new Promise<boolean>((resolve) => {
        letGo = () => resolve(true);
      });
      const body = new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            controller.enqueue(bomb.slice(sent, sent + 1_000));
            sent += 1_000;
            if (sent >= bomb.length) controller.close();
          },
          cancel: () => letGo(),
        },
        { highWaterMark: 0 },
      );
      expect(bomb.length).toBeGreaterThan(70_000);
      expect(bomb.length).toBeLessThan(LIMIT);
      const request = new Request("http://localhost/", {
        method: "POST",
        body,
        headers: { "content-encoding": format },
      });
      expect(await readBody(request, { maxBytes: LIMIT })).toMatchObject({
        failure: { status: 413, detail: expect.stringContaining("after decompression") },
      });
      expect(await isLetGo).toBe(true);
      // The limit and 4 MiB come from 4 KiB: whatever more was sent was unpacked as well.
      expect(sent).toBeLessThan(8_000);
    },
  );

  it("that breaks off is refused, and leaves no rejection that nobody sees", async () => {
    const unseen: unknown[] = [];
    const note = (event: PromiseRejectionEvent) => unseen.push(event.reason);
    addEventListener("unhandledrejection", note);
    const whole = await packed(crypto.getRandomValues(new Uint8Array(50_000)), "gzip");
    for (const length of [1, 12, 10_000, whole.length - 1]) {
      let isSent = false;
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          if (isSent) return controller.error(new Error("the client has gone"));
          isSent = true;
          controller.enqueue(whole.slice(0, length));
        },
      });
      const headers = { "content-encoding": "gzip" };
      const request = new Request("http://localhost/", { method: "POST", body, headers });
      expect(await readBody(request, { maxBytes: LIMIT })).toMatchObject({
        failure: { reason: "bad_encoding", status: 400 },
      });
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
    removeEventListener("unhandledrejection", note);
    expect(unseen).toEqual([]);
  });

  it("that packs well, yet is within the limit, is unpacked whole", async () => {
    const large = new Uint8Array(10_000_000);
    for (let at = 0; at < large.length; at += 500) large.fill((at / 500) % 251, at, at + 500);
    for (const format of ["gzip", "deflate"] as const) {
      const body = await packed(large, format);
      const read = await readBody(
        new Request("http://localhost/", {
          method: "POST",
          body,
          headers: { "content-encoding": format },
        }),
        { maxBytes: large.length },
      );
      expect(body.length).toBeGreaterThan(20_000);
      expect(read.ok && Buffer.compare(read.value, large)).toBe(0);
    }
  });

  it("goes on with the next body after each of these", async () => {
    expect(await send(await packed(text, "gzip"), "gzip")).toEqual({ ok: true, value: text });
  });
});
