import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DATATYPES } from "../../../src/core/model/datatype.ts";
import type { Tensor, TensorSpec } from "../../../src/core/model/tensor.ts";
import { writeBinaryTensor } from "../../../src/http/oip/binary-tensor.ts";
import { type OipRequest, readOipRequest } from "../../../src/http/oip/read-request.ts";
import { writeOipResponse } from "../../../src/http/oip/write-response.ts";
import { anyTensor } from "../../support/tensors.ts";

/** A request with every tensor as bytes, as a client of the binary extension lays it. */
function pack(
  tensors: readonly Tensor[],
  padding = "",
): { body: Uint8Array<ArrayBuffer>; length: string } {
  const parts = tensors.map(writeBinaryTensor);
  const inputs = tensors.map(({ name, datatype, shape }, index) => ({
    name,
    datatype,
    shape,
    parameters: { binary_data_size: parts[index]?.byteLength },
  }));
  const head = new TextEncoder().encode(JSON.stringify({ inputs }) + padding);
  const body = new Uint8Array(Buffer.concat([head, ...parts]));
  return { body, length: String(head.byteLength) };
}

function inputsOf(request: ReturnType<typeof readOipRequest>): readonly Tensor[] {
  if (!request.ok) throw new Error(request.failure.detail);
  const { inputs } = request.value;
  if (typeof inputs === "function") throw new Error("raw");
  return inputs;
}

const detailOf = (request: ReturnType<typeof readOipRequest>): string =>
  request.ok ? "it was taken" : request.failure.detail;

const row: Tensor = { name: "x", datatype: "FP32", shape: [1, 2], data: Float32Array.of(1, 2) };

describe("tensors as bytes", () => {
  it("come back as they were written, at every alignment", () => {
    const several = fc.tuple(anyTensor("a"), anyTensor("b"), fc.nat(7));
    fc.assert(
      fc.property(several, ([a, b, spaces]) => {
        const { body, length } = pack([a, b], " ".repeat(spaces));
        expect(inputsOf(readOipRequest(body, length))).toEqual([a, b]);
      }),
      { numRuns: 2_000 },
    );
  });

  it("may stand beside tensors in JSON", () => {
    const json = { name: "j", datatype: "INT32", shape: [1], data: [7] };
    const binary = {
      name: "b",
      datatype: "FP32",
      shape: [1, 2],
      parameters: { binary_data_size: 8 },
    };
    const head = new TextEncoder().encode(JSON.stringify({ inputs: [json, binary] }));
    const body = new Uint8Array(Buffer.concat([head, writeBinaryTensor(row)]));
    const tensors = inputsOf(readOipRequest(body, String(head.byteLength)));
    expect(tensors.map(({ data }) => data)).toEqual([Int32Array.of(7), Float32Array.of(1, 2)]);
  });

  it.each(["-1", "+5", "5.0", "1e3", "x", "", "0x10", "99999999999999999999"])(
    "refuse the header length '%s'",
    (length) => {
      expect(detailOf(readOipRequest(pack([row]).body, length))).toMatch(/whole number from 0/);
    },
  );

  it("refuse a header length past the body", () => {
    expect(detailOf(readOipRequest(pack([row]).body, "100000"))).toMatch(/is 100000, the body has/);
  });

  it.each([
    ["too small", 4, /has 4 bytes of data.*needs 8/],
    ["past the body", 12, /is 12, only 8 bytes are left/],
    ["not whole", 1.5, /whole number from 0/],
    ["negative", -8, /whole number from 0/],
    ["text", "8", /whole number from 0/],
  ])("refuse a binary_data_size that is %s", (_what, size, message) => {
    const input = {
      name: "x",
      datatype: "FP32",
      shape: [1, 2],
      parameters: { binary_data_size: size },
    };
    const head = new TextEncoder().encode(JSON.stringify({ inputs: [input] }));
    const body = new Uint8Array(Buffer.concat([head, writeBinaryTensor(row)]));
    expect(detailOf(readOipRequest(body, String(head.byteLength)))).toMatch(message);
  });

  it("refuse bytes that no input takes up", () => {
    const { body, length } = pack([row]);
    const longer = new Uint8Array(Buffer.concat([body, Buffer.of(0)]));
    expect(detailOf(readOipRequest(longer, length))).toMatch(/9 bytes follow the JSON.*take up 8/);
  });

  it("refuse truths other than 0 and 1, and strings that are not UTF-8 or hold U+0000", () => {
    const send = (datatype: string, bytes: number[]) => {
      const parameters = { binary_data_size: bytes.length };
      const head = new TextEncoder().encode(
        JSON.stringify({ inputs: [{ name: "x", datatype, shape: [1], parameters }] }),
      );
      const body = new Uint8Array(Buffer.concat([head, Buffer.from(bytes)]));
      return detailOf(readOipRequest(body, String(head.byteLength)));
    };
    expect(send("BOOL", [2])).toMatch(/must be 0 or 1/);
    expect(send("BYTES", [1, 0, 0, 0, 0xff])).toMatch(/must be UTF-8/);
    expect(send("BYTES", [1, 0, 0, 0, 0])).toMatch(/U\+0000/);
    expect(send("BYTES", [9, 0, 0, 0, 65])).toMatch(/goes wrong/);
    expect(send("BYTES", [255, 255, 255, 255])).toMatch(/goes wrong/);
    expect(send("BYTES", [1, 0])).toMatch(/too few/);
    expect(send("BYTES", [1, 0, 0, 0, 65, 66])).toMatch(/do not fill/);
  });

  it("never throw, however a request is cut or changed", () => {
    const cut = fc.tuple(anyTensor(), fc.nat(), fc.nat(), fc.nat(255));
    fc.assert(
      fc.property(cut, ([tensor, end, at, byte]) => {
        const { body, length } = pack([tensor]);
        readOipRequest(body.slice(0, end % (body.length + 1)), length);
        const changed = body.slice();
        changed[at % body.length] = byte;
        readOipRequest(changed, length);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe("a raw body", () => {
  const ask = (spec: TensorSpec | undefined, bytes: Uint8Array<ArrayBuffer>) => {
    const request = readOipRequest(bytes, "0");
    if (!request.ok) throw new Error(request.failure.detail);
    const { inputs } = request.value as OipRequest;
    if (typeof inputs !== "function") throw new Error("not raw");
    const tensors = inputs(spec === undefined ? [] : [spec]);
    return tensors.ok ? tensors.value[0] : tensors.failure.detail;
  };
  const spec: TensorSpec = { name: "x", datatype: "FP32", shape: [-1, 2] };

  it("is the one input, its dynamic dimension worked out from the length", () => {
    const bytes = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);
    expect(ask(spec, bytes)).toEqual({ ...row, shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) });
    expect(ask({ ...spec, shape: [2, 2] }, bytes)).toMatchObject({ shape: [2, 2] });
  });

  it("may be one string", () => {
    const bytes = Uint8Array.of(2, 0, 0, 0, 104, 105);
    expect(ask({ name: "s", datatype: "BYTES", shape: [-1] }, bytes)).toMatchObject({
      shape: [1],
      data: ["hi"],
    });
  });

  it("is refused when it does not fit", () => {
    expect(ask(spec, new Uint8Array(12))).toMatch(/not a multiple of the 8/);
    expect(ask({ ...spec, shape: [-1, -1] }, new Uint8Array(8))).toMatch(/at most one dynamic/);
    expect(ask({ ...spec, shape: [2] }, new Uint8Array(4))).toMatch(/needs 8/);
    expect(ask({ ...spec, shape: [-1, 0] }, new Uint8Array(4))).toMatch(/not a multiple of the 0/);
    expect(ask(undefined, new Uint8Array(4))).toMatch(/one input; this one has 0/);
  });
});

describe("an answer", () => {
  const respond = (outputs: { tensor: Tensor; binary: boolean }[]) =>
    writeOipResponse({
      model: "m",
      version: "2",
      id: 'a"b',
      parameters: '{"route":"production:2"}',
      outputs,
    });

  it("is JSON with the id echoed", () => {
    const { body, headers } = respond([{ tensor: row, binary: false }]);
    expect(headers).toEqual({ "content-type": "application/json" });
    expect(JSON.parse(String(body))).toEqual({
      model_name: "m",
      model_version: "2",
      id: 'a"b',
      parameters: { route: "production:2" },
      outputs: [{ name: "x", datatype: "FP32", shape: [1, 2], data: [1, 2] }],
    });
  });

  it("carries what is asked for as bytes after the JSON, in order", () => {
    const outputs = fc.array(fc.tuple(anyTensor(), fc.boolean()), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(outputs, (given) => {
        const written = respond(given.map(([tensor, binary]) => ({ tensor, binary })));
        if (typeof written.body === "string") return void JSON.parse(written.body);
        const length = Number(written.headers["inference-header-content-length"]);
        const head = JSON.parse(new TextDecoder().decode(written.body.subarray(0, length)));
        const expected = given
          .filter(([, binary]) => binary)
          .map(([tensor]) => writeBinaryTensor(tensor));
        expect(Buffer.from(written.body.subarray(length))).toEqual(Buffer.concat(expected));
        const sizes = head.outputs.flatMap(
          (output: { parameters?: { binary_data_size: number } }) =>
            output.parameters === undefined ? [] : [output.parameters.binary_data_size],
        );
        expect(sizes).toEqual(expected.map(({ byteLength }) => byteLength));
      }),
    );
  });

  it("is valid JSON for every datatype", () => {
    expect(DATATYPES).toHaveLength(13);
    fc.assert(
      fc.property(
        anyTensor(),
        (tensor) => void JSON.parse(String(respond([{ tensor, binary: false }]).body)),
      ),
    );
  });
});
