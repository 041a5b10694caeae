import { gzipSync } from "node:zlib";
import { beforeEach, describe, expect, it } from "vitest";
import type { HttpApp } from "../support/http-app.ts";
import { createIrisApp, errorOf, features, INFER } from "./iris-app.ts";

const ROWS = Buffer.from(Float32Array.of(3, 2, 1, 0, 1, 2, 3, 0).buffer);
const LENGTH = "inference-header-content-length";

/** A request with the rows as bytes behind the JSON. */
function packed(request: object) {
  const { data: _, ...head } = features([0, 0, 0, 0], [0, 0, 0, 0]);
  const input = { ...head, parameters: { binary_data_size: ROWS.length } };
  const json = Buffer.from(JSON.stringify({ inputs: [input], ...request }));
  return { body: Buffer.concat([json, ROWS]), length: String(json.length) };
}

/** What stands behind the JSON of an answer. */
async function unpack(answer: Response) {
  const bytes = Buffer.from(await answer.arrayBuffer());
  const length = Number(answer.headers.get(LENGTH));
  return { head: JSON.parse(bytes.toString("utf8", 0, length)), tail: bytes.subarray(length) };
}

describe("an inference in bytes", () => {
  let app: HttpApp;
  beforeEach(async () => {
    app = await createIrisApp();
  });

  const send = (body: Buffer, headers: Record<string, string>) =>
    app.request(INFER, { method: "POST", body: new Uint8Array(body), headers });

  it("is answered in bytes where that is asked for, and in JSON elsewhere", async () => {
    const { body, length } = packed({
      parameters: { binary_data_output: true },
      outputs: [{ name: "scores" }, { name: "label", parameters: { binary_data: false } }],
    });
    const answer = await send(body, { [LENGTH]: length });
    expect(answer.headers.get("content-type")).toBe("application/octet-stream");
    const { head, tail } = await unpack(answer);
    expect(head.outputs).toEqual([
      { name: "scores", datatype: "FP32", shape: [2, 3], parameters: { binary_data_size: 24 } },
      { name: "label", datatype: "INT64", shape: [2], data: [0, 2] },
    ]);
    expect(tail).toEqual(Buffer.from(Float32Array.of(3, 2, 1, 1, 2, 3).buffer));
  });

  it("lays outputs one after the other, text with its lengths", async () => {
    const answer = await app.post(INFER, {
      inputs: [features([3, 2, 1, 0])],
      parameters: { binary_data_output: true },
    });
    const { head, tail } = await unpack(answer);
    const sizes = head.outputs.map(
      (output: { parameters: { binary_data_size: number } }) => output.parameters.binary_data_size,
    );
    expect(sizes).toEqual([8, 12, 10]);
    expect(tail.readBigInt64LE(0)).toBe(0n);
    expect(tail.readFloatLE(8)).toBe(3);
    expect([tail.readUInt32LE(20), tail.toString("utf8", 24)]).toEqual([6, "setosa"]);
  });

  it("without any output in bytes is answered in JSON alone", async () => {
    const { body, length } = packed({});
    const answer = await send(body, { [LENGTH]: length });
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(answer.headers.has(LENGTH)).toBe(false);
  });

  it("may be compressed as a whole: the length is that of the JSON unpacked", async () => {
    const { body, length } = packed({ outputs: [{ name: "label" }] });
    const answer = await send(gzipSync(body), { [LENGTH]: length, "content-encoding": "gzip" });
    expect(await answer.json()).toMatchObject({ outputs: [{ data: [0, 2] }] });
  });

  it("may be the bare bytes of the one input", async () => {
    const answer = await send(ROWS, { [LENGTH]: "0" });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      outputs: [{ name: "label", shape: [2], data: [0, 2] }, {}, {}],
    });
  });

  it.each([
    ["half a row", "0", 20, /not a multiple of the 16/],
    ["a length past the body", "999", 32, /is 999, the body has 32/],
    ["a length that is no number", "-1", 32, /whole number from 0/],
  ])("is refused with %s", async (_what, length, size, message) => {
    const answer = await send(ROWS.subarray(0, size), { [LENGTH]: length });
    expect([answer.status, await errorOf(answer)]).toEqual([400, expect.stringMatching(message)]);
  });

  it("is refused when bytes are named without the header that tells where they begin", async () => {
    const answer = await send(packed({}).body, {});
    expect(answer.status).toBe(400);
  });
});
