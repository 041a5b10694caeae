import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lineStream } from "../support/generate-rows.ts";
import type { LiveMemory } from "../support/live-memory.ts";
import { createOrderCheck, numberedLine } from "../support/numbered-rows.ts";
import { type NumberedStage, openNumberedStage } from "../support/numbered-stage.ts";

/** A million takes its time: `FRESHET_TEST_ROWS=1000000`. */
const MANY_ROWS = Number(process.env.FRESHET_TEST_ROWS ?? 100_000);
/** Code, its optimized forms, buffers and the engine are there by then. */
const WARM_UP_ROWS = 100_000;
const PATIENCE_MS = 120_000 + MANY_ROWS / 5;
const MIB = 1024 * 1024;
/**
 * Whatever the number of rows. A batch on its way takes up to 3 MiB; the answers to 100,000 rows
 * are 10 MB, and what is known of them meanwhile is several times as much.
 */
const MOST_HEAP_GROWTH = 5 * MIB;
const MOST_RESIDENT_GROWTH = 12 * MIB;

const NDJSON = { "content-type": "application/x-ndjson" };

describe("a long stream of rows", () => {
  let stage: NumberedStage;

  beforeAll(async () => {
    stage = await openNumberedStage();
    await readInOrder(await stage.ask(lineStream(WARM_UP_ROWS, numberedLine), NDJSON));
  });
  afterAll(() => stage?.stop());

  /** Reads answers to their end, each of which must be the next row's; `at` may hold it up. */
  async function readInOrder(
    answer: Response,
    rowAt?: (place: number) => number,
    at: (rows: number) => Promise<void> = async () => undefined,
  ): Promise<number> {
    const check = createOrderCheck(rowAt);
    for await (const piece of answer.body ?? []) {
      check.push(piece);
      await at(check.rows);
    }
    return check.rows;
  }

  /** Fails where what is needed grew, by much less than one part in ten of what came and went. */
  async function expectMemoryOf(before: LiveMemory) {
    const { heapBytes, residentBytes = 0 } = await stage.worker.liveMemory();
    expect((heapBytes - before.heapBytes) / MIB).toBeLessThan(MOST_HEAP_GROWTH / MIB);
    const held = residentBytes - (before.residentBytes ?? residentBytes);
    expect(held / MIB).toBeLessThan(MOST_RESIDENT_GROWTH / MIB);
  }

  const REPEATED = 500;
  /** Answers that the isolate keeps, of rows that a stream then asks again. */
  async function keepAnswers() {
    const lines = Array.from({ length: REPEATED }, (_, row) => numberedLine(row));
    const body = `{"rows":[${lines.join(",")}]}`;
    const answer = await stage.ask(body, { "content-type": "application/json" });
    expect(answer.status).toBe(200);
    await answer.arrayBuffer();
  }

  const ROWS: readonly (readonly [string, string, (place: number) => number])[] = [
    ["new rows, the cache off", "no-store", (place) => place],
    ["new rows", "max-age=60", (place) => place],
    ["kept rows among new ones", "max-age=60", (place) => place % (2 * REPEATED)],
  ];

  it.each(ROWS)(
    `of ${MANY_ROWS} %s is answered row by row in order, and leaves nothing in memory`,
    async (_what, cacheControl, rowAt) => {
      await keepAnswers();
      const before = await stage.worker.liveMemory();
      let next = MANY_ROWS / 2;
      const body = lineStream(MANY_ROWS, (place) => numberedLine(rowAt(place)));
      const answer = await stage.ask(body, { ...NDJSON, "cache-control": cacheControl });
      // In the middle as well: what a request holds to its end is gone afterwards.
      const rows = await readInOrder(answer, rowAt, async (sofar) => {
        if (sofar < next) return;
        next += MANY_ROWS / 2.5;
        await expectMemoryOf(before);
      });
      expect(rows).toBe(MANY_ROWS);
      if (rowAt(2 * REPEATED) === 0) expect(await stage.hits()).toBeGreaterThan(MANY_ROWS / 3);
      expect(next).toBeGreaterThan(MANY_ROWS);
      await expectMemoryOf(before);
    },
    PATIENCE_MS,
  );

  /** Waits until two looks, a while apart, see the same. */
  async function untilSettled(look: () => unknown): Promise<void> {
    let before: unknown;
    for (let now = await look(); now !== before; now = await look()) {
      before = now;
      await new Promise((resolve) => setTimeout(resolve, 400));
    }
  }

  /** Sends rows, reads their first answers, then none: until nothing is sent or run any more. */
  async function pauseAfterFirst(
    answer: Response,
    rowAt: (place: number) => number,
    sent: () => number,
  ): Promise<{ readonly ran: number; readOn(): Promise<number>; leave(): Promise<unknown> }> {
    const check = createOrderCheck(rowAt);
    const reader = answer.body?.getReader();
    const readOn = async () => {
      const piece = await reader?.read();
      if (piece?.value === undefined) throw new Error(`it ended after ${check.rows} rows`);
      check.push(piece.value);
      return check.rows;
    };
    await readOn();
    await untilSettled(async () => `${sent()} ${await stage.runs()}`);
    return { ran: await stage.runs(), readOn, leave: async () => reader?.cancel() };
  }

  // All of them are to run.
  const UNKEPT = { ...NDJSON, "cache-control": "no-store" };

  it("whose reader pauses is not read, run or held any further", async () => {
    const [before, runsBefore] = [await stage.worker.liveMemory(), await stage.runs()];
    let sent = 0;
    // A row takes some 100 bytes each way: far more than the sockets of both ends take.
    const rows = lineStream(1_000_000, (row) => {
      sent = row + 1;
      return numberedLine(row);
    });
    const paused = await pauseAfterFirst(
      await stage.ask(rows, UNKEPT),
      (place) => place,
      () => sent,
    );
    const ran = paused.ran - runsBefore;
    expect(ran).toBeGreaterThan(0);
    expect(ran).toBeLessThan(200_000);
    expect(sent).toBeLessThan(400_000);
    await expectMemoryOf(before);
    // It goes on where it stood.
    for (let read = 0; read < ran + 50_000; read = await paused.readOn());
    await paused.leave();
  });

  it("that is packed some four hundred to one is not unpacked before it is read", async () => {
    const [before, runsBefore] = [await stage.worker.liveMemory(), await stage.runs()];
    const line = numberedLine(1);
    // A quarter of a gigabyte, which comes to less than the sockets take: it is sent at once.
    const lines = Buffer.alloc(256 * MIB, `${line}\n`);
    const packed = gzipSync(lines);
    expect(packed.byteLength).toBeLessThan(MIB);
    const answer = await stage.ask(packed, { ...UNKEPT, "content-encoding": "gzip" });
    const paused = await pauseAfterFirst(
      answer,
      () => 1,
      () => 0,
    );
    const ran = paused.ran - runsBefore;
    expect(ran).toBeLessThan(200_000);
    await expectMemoryOf(before);
    for (let read = 0; read < ran + 50_000; read = await paused.readOn());
    await paused.leave();
  });
});
