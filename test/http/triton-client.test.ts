import { deflateSync, gzipSync } from "node:zlib";
import { beforeEach, describe, expect, it } from "vitest";
import { readOipRequest } from "../../src/http/oip/read-request.ts";
import { ADMIN_TOKEN, type HttpApp } from "../support/http-app.ts";
import { createIrisApp, INFER } from "./iris-app.ts";

/**
 * Requests byte for byte as Triton's Python client lays them: written from its source, not
 * recorded from a running client. triton-inference-server/client,
 * src/python/library/tritonclient/http: `_utils.py` at 03a0aac for the envelope and the order
 * of its keys (compact, as rapidjson writes), `_infer_input.py` and `_client.py` at 06344ca,
 * `_requested_output.py` at 36d6b34; answers are read as `_infer_result.py` at 2a25fb3 does.
 * The tensors' bytes are from Python's `struct`.
 */
const LENGTH = "inference-header-content-length";

/** `np.array([[3, 2, 1, 0], [1, 2, 3, 0]], dtype=np.float32).tobytes()` */
const ROWS = "00004040000000400000803f000000000000803f000000400000404000000000";

const INPUT =
  '{"name":"features","shape":[2,4],"datatype":"FP32","parameters":{"binary_data_size":32}}';

/** `InferRequestedOutput`: bytes; bytes of classes (`class_count=2`); JSON (`binary_data=False`). */
const OUTPUTS =
  '[{"name":"label","parameters":{"binary_data":true}},' +
  '{"name":"scores","parameters":{"classification":2,"binary_data":true}},' +
  '{"name":"species","parameters":{"binary_data":false}}]';

/** `3.000000:0:setosa` and so on, each after its length. */
const CLASSES =
  "11000000332e3030303030303a303a7365746f736115000000322e3030303030303a313a7665727369636f6c6f72" +
  "14000000332e3030303030303a323a76697267696e69636115000000322e3030303030303a313a7665727369636f6c6f72";

const lay = (json: string, hex: string) => ({
  body: Buffer.concat([Buffer.from(json), Buffer.from(hex, "hex")]),
  headers: { [LENGTH]: String(json.length) },
});

/** `infer("iris-logreg", inputs, request_id="42")`: no outputs named means all in bytes. */
const EVERYTHING = lay(
  `{"id":"42","inputs":[${INPUT}],"parameters":{"binary_data_output":true}}`,
  ROWS,
);

interface Described {
  readonly name: string;
  readonly parameters?: { readonly binary_data_size?: number };
}

/** Takes an answer apart as `InferResult` does: each output's bytes in hexadecimal, or its JSON data. */
async function takeApart(answer: Response) {
  const bytes = Buffer.from(await answer.arrayBuffer());
  const length = Number(answer.headers.get(LENGTH) ?? bytes.length);
  const head = JSON.parse(bytes.toString("utf8", 0, length));
  let at = length;
  const data = head.outputs.map((output: Described & { readonly data?: unknown }) => {
    const size = output.parameters?.binary_data_size;
    if (size === undefined) return [output.name, output.data];
    at += size;
    return [output.name, bytes.toString("hex", at - size, at)];
  });
  expect(at).toBe(bytes.length);
  return { id: head.id, data: Object.fromEntries(data) };
}

describe("Triton's Python client", () => {
  let app: HttpApp;
  beforeEach(async () => {
    app = await createIrisApp();
  });

  const send = (body: Buffer, headers: Record<string, string>, path = INFER) =>
    app.request(path, { method: "POST", body: new Uint8Array(body), headers });

  it("gets every output in bytes when it names none", async () => {
    const answer = await send(EVERYTHING.body, EVERYTHING.headers);
    expect(await takeApart(answer)).toEqual({
      id: "42",
      data: {
        label: "00000000000000000200000000000000",
        scores: "00004040000000400000803f0000803f0000004000004040",
        species: "060000007365746f73610900000076697267696e696361",
      },
    });
  });

  it("gets bytes, classes and JSON as it asks for each, its timeout and priority ignored", async () => {
    const request = lay(
      `{"inputs":[${INPUT}],"outputs":${OUTPUTS},"parameters":{"priority":1,"timeout":1000}}`,
      ROWS,
    );
    const answer = await send(request.body, request.headers);
    expect((await takeApart(answer)).data).toEqual({
      label: "00000000000000000200000000000000",
      scores: CLASSES,
      species: ["setosa", "virginica"],
    });
  });

  it("may send its input in JSON, then without the header", async () => {
    const json =
      '{"inputs":[{"name":"features","shape":[1,4],"datatype":"FP32","data":[3.0,2.0,1.0,0.0]}],' +
      '"outputs":[{"name":"label","parameters":{"binary_data":true}}]}';
    const answer = await send(Buffer.from(json), {});
    expect((await takeApart(answer)).data).toEqual({ label: "0000000000000000" });
  });

  it.each([
    ["gzip", gzipSync],
    ["deflate", deflateSync],
  ])("may compress its request with %s", async (coding, compress) => {
    const headers = { ...EVERYTHING.headers, "content-encoding": coding };
    const answer = await send(compress(EVERYTHING.body), headers);
    expect((await takeApart(answer)).id).toBe("42");
  });

  it("may name a version", async () => {
    const path = "/v2/models/iris-logreg/versions/2/infer";
    const answer = await send(EVERYTHING.body, EVERYTHING.headers, path);
    expect(answer.headers.get("x-freshet-version")).toBe("2");
  });

  it("sends texts each after its length, and none as no bytes", () => {
    const parts = '"shape":[3],"datatype":"BYTES","parameters":{"binary_data_size":25}';
    const { body, headers } = lay(
      `{"inputs":[{"name":"t",${parts}},{"name":"none","shape":[0],"datatype":"BYTES","parameters":{"binary_data_size":0}}]}`,
      "00000000070000004772c3bcc39f6506000000e697a5e69cac",
    );
    expect(readOipRequest(new Uint8Array(body), headers[LENGTH])).toMatchObject({
      value: {
        inputs: [
          { name: "t", datatype: "BYTES", shape: [3], data: ["", "Grüße", "日本"] },
          { name: "none", datatype: "BYTES", shape: [0], data: [] },
        ],
      },
    });
  });

  it("manages the repository", async () => {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
    const calls = [
      ["/v2/repository/models/iris-logreg/load", "{}"],
      ["/v2/repository/index", ""],
      ["/v2/repository/models/iris-logreg/unload", '{"parameters":{"unload_dependents":false}}'],
    ] as const;
    for (const [path, body] of calls) {
      expect((await app.request(path, { method: "POST", body, headers })).status).toBe(200);
    }
  });
});
