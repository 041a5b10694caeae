import { describe, expect, it } from "vitest";
import { readOn, refuseHeard } from "../../../src/http/body/read-on.ts";
import { createManualClock } from "../../support/manual-clock.ts";

const CHUNK = new Uint8Array(1024 * 1024);

/** A body that gives `next` when it is asked, and what became of it. */
function bodyOf(next: (asked: number) => Uint8Array | "end" | "nothing") {
  const seen = { asked: 0, isCancelled: false };
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        seen.asked += 1;
        const given = next(seen.asked);
        if (given === "nothing") return new Promise<void>(() => undefined);
        if (given === "end") controller.close();
        else controller.enqueue(given);
        return undefined;
      },
      cancel() {
        seen.isCancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { body, seen };
}

describe("a body that nobody wants is read on", () => {
  it("to its end", async () => {
    const { body, seen } = bodyOf((asked) => (asked > 5 ? "end" : CHUNK));
    await readOn(body.getReader(), createManualClock());
    expect(seen).toEqual({ asked: 6, isCancelled: false });
  });

  it("for so many bytes and no more", async () => {
    const { body, seen } = bodyOf(() => CHUNK);
    await readOn(body.getReader(), createManualClock());
    expect(seen).toEqual({ asked: 32, isCancelled: true });
  });

  it("until its sender waits", async () => {
    const clock = createManualClock();
    const { body, seen } = bodyOf((asked) => (asked > 2 ? "nothing" : CHUNK));
    const reading = readOn(body.getReader(), clock);
    await expect.poll(() => seen.asked).toBe(3);
    await clock.advance(250);
    await reading;
    expect(seen).toEqual({ asked: 3, isCancelled: true });
  });

  it("until it breaks", async () => {
    const { body } = bodyOf(() => {
      throw new Error("the connection is gone");
    });
    await expect(readOn(body.getReader(), createManualClock())).resolves.toBeUndefined();
  });
});

it("a body that somebody has read, or is reading, is left alone", async () => {
  const refusal = new Response("no", { status: 400 });
  const init = { method: "POST", body: "abc" };
  for (const request of [
    new Request("http://localhost/"),
    new Request("http://localhost/", init),
  ]) {
    if (request.body !== null) await request.text();
    expect(await refuseHeard(request, refusal, createManualClock())).toBe(refusal);
  }
  const locked = new Request("http://localhost/", init);
  locked.body?.getReader();
  expect(await refuseHeard(locked, refusal, createManualClock())).toBe(refusal);
});
