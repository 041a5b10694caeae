import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Stack } from "../../infra/local/stack.ts";
import type { OipStrategy } from "../../src/core/model/strategies.ts";
import type { Tensor, TensorSpec } from "../../src/core/model/tensor.ts";
import { inferJson } from "../support/infer.ts";
import { createTestRemote, oipStrategy, question } from "../support/remote.ts";
import { startTestStack, TEST_TOKEN } from "../support/stack.ts";

const ROWS = [
  [6.2, 2.8, 4.8, 1.8],
  [5.1, 3.5, 1.4, 0.2],
];
const INPUT: Tensor = {
  name: "features",
  datatype: "FP32",
  shape: [2, 4],
  data: Float32Array.from(ROWS.flat()),
};
const OUTPUTS: readonly TensorSpec[] = [
  { name: "probabilities", datatype: "FP32", shape: [-1, 3] },
  { name: "label", datatype: "INT64", shape: [-1] },
];
const SECRET = "FRESHET_SECRET_OTHER";

describe("another Freshet as a remote model", () => {
  let remote: Stack;
  let local: Stack;

  beforeAll(async () => {
    // Nothing is public there: every question needs the secret.
    remote = await startTestStack({ FRESHET_PUBLIC_SCOPES: "" });
    local = await startTestStack({
      FRESHET_REMOTE_HOSTS: new URL(remote.url).host,
      [SECRET]: TEST_TOKEN,
      PREMIUM_TIMEOUT_MS: "4000",
    });
  });

  afterAll(async () => {
    await local?.stop();
    await remote?.stop();
  });

  const ask = (more: Partial<OipStrategy>, outputs = OUTPUTS, token = TEST_TOKEN) => {
    const { remote: models, context } = createTestRemote({
      hosts: new URL(remote.url).host,
      secrets: { [SECRET]: token },
    });
    const strategy = oipStrategy(remote.url, { reference: "iris-logreg", secret: SECRET, ...more });
    return models.ask(
      context,
      question(strategy, { inputs: [INPUT], outputs, deadlineMs: 20_000 }),
    );
  };

  it("answers what the same model answers here", async () => {
    const here = await inferJson(local.url, "/v2/models/iris-logreg/infer", ROWS);
    const there = await ask({ reference: "iris-logreg@production" });
    if (!there.ok) throw new Error(there.failure.detail);
    expect(there.value).toMatchObject({ model: "iris-logreg", version: "1" });
    for (const { name, shape, data } of there.value.outputs) {
      const same = here.outputs.find((output) => output.name === name);
      expect(shape).toEqual(same?.shape);
      expect(Array.from(data as ArrayLike<number | bigint>, Number)).toEqual(
        same?.data.map((element) => Math.fround(Number(element))),
      );
    }
  });

  it("answers by a version, and only the outputs that are wanted", async () => {
    expect(await ask({ reference: "iris-logreg@1" }, OUTPUTS.slice(1))).toMatchObject({
      value: { outputs: [{ name: "label", data: BigInt64Array.of(2n, 0n) }] },
    });
  });

  it.each<readonly [string, Parameters<typeof ask>]>([
    ["a model that there is not", [{ reference: "nobody" }]],
    ["an output that there is not", [{}, [{ name: "score", datatype: "FP32", shape: [-1] }]]],
    ["another token", [{}, OUTPUTS, "not-the-token-of-that-server"]],
  ])("refuses %s for good", async (_what, asked) => {
    expect(await ask(...asked)).toMatchObject({
      failure: { reason: "remote_refused", mayRetry: false },
    });
  });

  it("is not believed when its output is of another datatype than wanted", async () => {
    const outputs = [{ name: "label", datatype: "INT32", shape: [-1] }] as const;
    expect(await ask({}, outputs)).toMatchObject({ failure: { reason: "remote_invalid_answer" } });
  });

  it("may be named by a deployment of a stack that has its host and its secret, and no other", async () => {
    const path = `${local.url}/v1/models/iris-logreg/deployment`;
    const authorization = `Bearer ${TEST_TOKEN}`;
    const put = async (more: object) => {
      const read = await fetch(path, { headers: { authorization } });
      const { aliases } = (await read.json()) as { aliases: object };
      const premium = { kind: "oip", url: remote.url, reference: "iris-logreg@1", ...more };
      const answer = await fetch(path, {
        method: "PUT",
        headers: { authorization, "if-match": read.headers.get("etag") ?? "" },
        body: JSON.stringify({ aliases, strategies: { premium } }),
      });
      const { errors = [] } = (await answer.json()) as { errors?: { path: string }[] };
      return [answer.status, ...errors.map((error) => error.path)];
    };
    expect(await put({ secret: SECRET })).toEqual([200]);
    expect(await put({ secret: "FRESHET_SECRET_NONE" })).toEqual([
      422,
      "strategies.premium.secret",
    ]);
    expect(await put({ url: local.url })).toEqual([422, "strategies.premium.url"]);
  });
});
