import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RemoteQuestion } from "../../../src/core/ports/remote-models.ts";
import { answer, type FaultServer, startFaultServer } from "../../support/fault-server.ts";
import {
  createTestRemote,
  oipAnswer,
  oipStrategy,
  question,
  SHARES,
} from "../../support/remote.ts";

describe("a server of the Open Inference Protocol", () => {
  let server: FaultServer;
  beforeAll(async () => {
    server = await startFaultServer();
  });
  afterAll(() => server.stop());

  const ask = (body: string, more: Partial<RemoteQuestion> = {}, reference = "iris@2") => {
    server.plan(answer(200, body));
    const { remote, context } = createTestRemote({
      hosts: new URL(server.url).host,
      secrets: { FRESHET_SECRET_GPU: "s3cret" },
    });
    const strategy = oipStrategy(`${server.url}/base/`, {
      reference,
      secret: "FRESHET_SECRET_GPU",
    });
    return remote.ask(context, question(strategy, more));
  };

  const output = (more: object) =>
    oipAnswer({
      outputs: [{ name: "label", datatype: "INT64", shape: [2], data: [1, 0], ...more }],
    });
  const LABEL_ONLY = { outputs: [{ name: "label", datatype: "INT64", shape: [-1] }] } as const;

  it("is asked in the protocol's own words", async () => {
    await ask(oipAnswer());
    expect(server.seen).toHaveLength(1);
    const [seen] = server.seen;
    expect(seen?.method).toBe("POST");
    expect(seen?.target).toBe("/base/v2/models/iris/versions/2/infer");
    expect(seen?.headers).toMatchObject({
      "content-type": "application/json",
      "user-agent": "freshet",
      "x-request-id": "request-1",
      authorization: "Bearer s3cret",
    });
    expect(JSON.parse(seen?.body.toString() ?? "")).toEqual({
      id: "request-1",
      inputs: [{ name: "x", datatype: "FP32", shape: [2, 2], data: [1, 2, 3, 4] }],
      outputs: [{ name: "label" }, { name: "probabilities" }],
    });
  });

  it.each([
    ["iris", "/base/v2/models/iris/infer"],
    ["org/iris 1@a/b", undefined],
    ["org/iris@a/b", "/base/v2/models/org%2Firis/versions/a%2Fb/infer"],
    ["iris@", undefined],
    ["..", undefined],
    ["iris@..", undefined],
    ["iris\ud800", undefined],
  ])("has model %j at %s", async (reference, target) => {
    const asked = await ask(oipAnswer(), {}, reference);
    expect(server.seen[0]?.target).toBe(target);
    expect(asked.ok).toBe(target !== undefined);
  });

  it("answers tensors in the wanted order, with its model and version", async () => {
    expect(await ask(oipAnswer())).toEqual({
      ok: true,
      value: {
        outputs: [
          { name: "label", datatype: "INT64", shape: [2], data: BigInt64Array.of(1n, 0n) },
          { ...SHARES, shape: [2, 2], data: Float32Array.of(0.25, 0.75, 0.5, 0.5) },
        ],
        model: "iris",
        version: "2",
      },
    });
  });

  it("may leave out who answered, or say it in a way no header carries", async () => {
    expect(await ask(oipAnswer({ model_name: "a\nb", model_version: undefined }))).toMatchObject({
      value: { model: "unknown", version: "unknown" },
    });
  });

  it("keeps every digit of 64-bit integers past 2^53, written as numbers or as strings", async () => {
    const text = output({ data: ["@", "-9007199254740993"] }).replace('"@"', "9223372036854775807");
    expect(await ask(text, LABEL_ONLY)).toMatchObject({
      value: { outputs: [{ data: BigInt64Array.of(2n ** 63n - 1n, -(2n ** 53n) - 1n) }] },
    });
  });

  it("may answer whole floats of many digits beside them", async () => {
    const outputs = [
      { name: "label", datatype: "INT64", shape: [1], data: ["9007199254740993"] },
      { name: "v", datatype: "FP64", shape: [1], data: [1e20] },
    ];
    const wanted = [{ name: "v", datatype: "FP64", shape: [-1] }, ...LABEL_ONLY.outputs] as const;
    const text = oipAnswer({ outputs }).replace('"9007199254740993"', "9007199254740993");
    expect(await ask(text, { outputs: wanted })).toMatchObject({
      value: {
        outputs: [{ data: Float64Array.of(1e20) }, { data: BigInt64Array.of(2n ** 53n + 1n) }],
      },
    });
  });

  it("may write what JSON has not as the three strings that stand for it", async () => {
    const outputs = [{ ...SHARES, shape: [1, 2], data: ["NaN", "-Infinity"] }];
    expect(await ask(oipAnswer({ outputs }), { outputs: [SHARES] })).toMatchObject({
      value: { outputs: [{ data: Float32Array.of(Number.NaN, Number.NEGATIVE_INFINITY) }] },
    });
  });

  it.each([
    ["no JSON", "<html>no</html>", /no JSON object/],
    ["an array", "[]", /no JSON object/],
    ["no outputs", "{}", /no JSON object with outputs/],
    ["an error with status 200", '{"error":"s3cret"}', /no JSON object with outputs/],
    ["another output", output({ name: "labels" }), /has no output 'label'/],
    ["another datatype", output({ datatype: "INT32" }), /'label' is not of INT64/],
    ["another count", output({ shape: [3] }), /has 2 elements, the shape \[3\] has 3/],
    ["a negative size", output({ shape: [-1] }), /no shape of whole numbers/],
    ["no shape", output({ shape: "2" }), /no shape/],
    ["a shape of billions", output({ shape: [4_000_000_000] }), /too many elements/],
    ["no data", output({ data: undefined }), /must be an array/],
    ["words for numbers", output({ data: ["s3cret", 0] }), /data\[0\] must be a whole number/],
    ["fractions", output({ data: [0.5, 0] }), /must be a whole number/],
    ["too large a number", output({ data: ["9223372036854775808", 0] }), /must be a whole number/],
    [
      "an output twice",
      oipAnswer({
        outputs: [1, 2].map(() => ({ ...LABEL_ONLY.outputs[0], shape: [0], data: [] })),
      }),
      /more than once/,
    ],
  ])("is not believed with %s, and not asked again", async (_what, body, detail) => {
    const asked = await ask(body, LABEL_ONLY);
    expect(asked).toMatchObject({
      ok: false,
      failure: {
        reason: "remote_invalid_answer",
        mayRetry: false,
        detail: expect.stringMatching(detail),
      },
    });
    expect(server.seen).toHaveLength(1);
    expect(JSON.stringify(asked)).not.toContain("s3cret");
  });
});
