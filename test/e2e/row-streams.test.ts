import { type IncomingMessage, request } from "node:http";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Stack } from "../../infra/local/stack.ts";
import { type ClientResult, readResults } from "../support/fixture-rows.ts";
import { flowerLine, lineStream } from "../support/generate-rows.ts";
import { createOrderCheck, numberedCells, numberedModel } from "../support/numbered-rows.ts";
import { publish } from "../support/publish.ts";
import { startTestStack } from "../support/stack.ts";

const MIB = 1024 * 1024;

describe("a stream of rows", () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await startTestStack();
  });
  afterAll(() => stack.stop());

  const stream = (body: ReadableStream<Uint8Array<ArrayBuffer>>) =>
    fetch(`${stack.url}/v1/models/iris-logreg/predict`, {
      method: "POST",
      body,
      headers: { "content-type": "application/x-ndjson" },
      duplex: "half",
    });

  it("has its first answers while most of it is not sent yet", async () => {
    let sent = 0;
    const body = lineStream(300_000, (index) => {
      sent = index;
      return flowerLine(index);
    });
    const answer = await stream(body);
    const reader = answer.body?.getReader();
    const first = await reader?.read();
    expect(first?.value?.byteLength).toBeGreaterThan(100);
    // The rest is what fits into the buffers of both ends.
    expect(sent).toBeLessThan(200_000);
    await reader?.cancel();
  });

  it("may come packed, and says so when it is damaged", async () => {
    const url = `${stack.url}/v1/models/iris-logreg/predict`;
    const headers = { "content-type": "application/x-ndjson", "content-encoding": "gzip" };
    const lines = Array.from({ length: 5_000 }, (_, index) => flowerLine(index)).join("\n");
    const packed = gzipSync(lines);
    const whole = await fetch(url, { method: "POST", body: packed, headers });
    expect(readResults(await whole.text()).filter(({ ok }) => ok)).toHaveLength(5_000);
    const half = packed.subarray(0, packed.byteLength / 2);
    const cut = await fetch(url, { method: "POST", body: half, headers });
    const results = readResults(await cut.text());
    expect(results.at(-1)).toMatchObject({ final: true, error: { code: "bad_encoding" } });
    expect(results.filter(({ ok }) => ok)).toHaveLength(results.length - 1);
    const plain = await fetch(url, { method: "POST", body: lines, headers });
    expect(await plain.json()).toMatchObject({ status: 400, code: "bad_encoding" });
  });

  it("may be the answer to a table, a line for each of its records in order", async () => {
    await publish(stack.store, "numbered", numberedModel());
    const records = Array.from({ length: 1_000 }, (_, row) => `${numberedCells(row)},${row}`);
    const answer = await fetch(`${stack.url}/v1/models/numbered/predict`, {
      method: "POST",
      body: `f0,f1,f2,f3,row\n${records.join("\n")}\n`,
      headers: { "content-type": "text/csv", accept: "application/x-ndjson" },
    });
    const check = createOrderCheck();
    for await (const piece of answer.body ?? []) check.push(piece);
    expect(check.rows).toBe(1_000);
  });

  it("answers a line before it has the next, for those who wait for it", async () => {
    const sent = request(`${stack.url}/v1/models/iris-logreg/predict`, {
      method: "POST",
      headers: { "content-type": "application/x-ndjson" },
    });
    sent.write(`${flowerLine(0)}\n`);
    const response = await new Promise<IncomingMessage>((resolve) => sent.on("response", resolve));
    let answered = 0;
    for await (const line of createInterface({ input: response })) {
      expect(JSON.parse(line)).toMatchObject({ ok: true });
      answered += 1;
      if (answered < 5) sent.write(`${flowerLine(answered)}\n`);
      else sent.end();
    }
    expect(answered).toBe(5);
  });

  it("of nothing but blank lines keeps nobody else waiting", async () => {
    const over: string[] = [];
    const blank = fetch(`${stack.url}/v1/models/iris-logreg/predict`, {
      method: "POST",
      body: gzipSync(Buffer.alloc(100 * MIB, "\n")),
      headers: { "content-type": "application/x-ndjson", "content-encoding": "gzip" },
    }).then(async (answer) => {
      over.push("blank");
      expect(await answer.json()).toMatchObject({ status: 400, code: "invalid_request" });
    });
    for (let turn = 0; turn < 5; turn += 1) {
      const answer = await fetch(`${stack.url}/v1/models/iris-logreg/predict`, {
        method: "POST",
        body: `{"rows":[${flowerLine(turn)}]}`,
        headers: { "content-type": "application/json" },
      });
      expect(answer.status).toBe(200);
      over.push("row");
    }
    await blank;
    expect(over).toEqual(["row", "row", "row", "row", "row", "blank"]);
  });

  it("that its client leaves is over, and others are answered", async () => {
    const url = new URL(`${stack.url}/v1/models/iris-logreg/predict`);
    const answered = await new Promise<number>((resolve, reject) => {
      const sent = request(url, {
        method: "POST",
        headers: { "content-type": "application/x-ndjson" },
      });
      let bytes = 0;
      sent.on("error", () => undefined);
      sent.on("response", (response) => {
        response.on("error", () => undefined);
        response.on("data", (piece: Buffer) => {
          bytes += piece.byteLength;
          // A reset, not an orderly end.
          if (bytes > 50_000) sent.socket?.resetAndDestroy();
        });
        response.on("close", () => resolve(bytes));
        response.on("end", () => reject(new Error("it went on to its end")));
      });
      Readable.fromWeb(lineStream(1_000_000) as never).pipe(sent);
    });
    expect(answered).toBeLessThan(20 * MIB);
    const headers = { "content-type": "application/json" };
    const body = `{"rows":[${flowerLine(1)}]}`;
    const after = await fetch(url, { method: "POST", body, headers });
    expect(((await after.json()) as { results: ClientResult[] }).results[0]?.ok).toBe(true);
    const runs = await inferences();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await inferences()).toBe(runs);
  });

  const inferences = async (): Promise<number> => {
    const answer = await fetch(`${stack.url}/v2/models/iris-logreg/stats`);
    const { model_stats: pages } = (await answer.json()) as {
      model_stats: { inference_count: number }[];
    };
    return pages.reduce((sum, page) => sum + page.inference_count, 0);
  };

  it("of many clients at once is answered to each with its own rows", async () => {
    const asked = Array.from({ length: 6 }, async (_, client) => {
      const body = lineStream(3_000, (index) => flowerLine(index * (client + 1)));
      return readResults(await (await stream(body)).text());
    });
    const answers = await Promise.all(asked);
    const [first = []] = answers;
    for (const [client, results] of answers.entries()) {
      expect(results).toHaveLength(3_000);
      const places = Array.from({ length: 400 }, (_, at) => at);
      const labels = places.map((at) => results[at]?.label);
      expect(labels).toEqual(places.map((at) => first[at * (client + 1)]?.label));
    }
  });
});
