import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { extractJson } from "../../../src/adapters/remote/chat/extract-json.ts";
import type { ChatStrategy } from "../../../src/core/model/strategies.ts";
import type { RemoteQuestion } from "../../../src/core/ports/remote-models.ts";
import { answer, type FaultServer, startFaultServer } from "../../support/fault-server.ts";
import {
  chatStrategy,
  completion,
  createTestRemote,
  question,
  ROWS,
} from "../../support/remote.ts";

const FENCE = "```";

describe("the JSON object in a model's words", () => {
  it.each<readonly [string, string, unknown]>([
    ["bare", '{"a":1}', { a: 1 }],
    ["with space around", ' \n{"a":1}\n ', { a: 1 }],
    ["in a json fence", `${FENCE}json\n{"a":1}\n${FENCE}`, { a: 1 }],
    ["in a plain fence", `${FENCE}\n{"a":1}\n${FENCE}`, { a: 1 }],
    ["in a fence on one line", `${FENCE}{"a":1}${FENCE}`, { a: 1 }],
    ["in a fence with carriage returns", `${FENCE}json\r\n{"a":1}\r\n${FENCE}`, { a: 1 }],
    ["in a fence after prose", `Sure! Here:\n${FENCE}JSON\n{"a":1}\n${FENCE}\nBye {x}`, { a: 1 }],
    [
      "in the second fence",
      `${FENCE}py\nx = {1}\n${FENCE}\n${FENCE}json\n{"a":1}\n${FENCE}`,
      { a: 1 },
    ],
    ["in a fence that never ends", `${FENCE}json\n{"a":1}`, { a: 1 }],
    ["in prose", 'The answer is {"a":1}, I think.', { a: 1 }],
    ["in prose after braces of another kind", 'For {x} in {y}: {"a":1}.', { a: 1 }],
    ["in prose after a brace that never closes", 'A smile :-{ and {"a":1}', { a: 1 }],
    ["in prose, the first of two", '{"a":1} or {"a":2}', { a: 1 }],
    ["with braces in strings", 'So: {"a":"}{","b":"\\"}"} ok', { a: "}{", b: '"}' }],
    ["nested", 'So: {"a":{"b":[{"c":1}]}}', { a: { b: [{ c: 1 }] } }],
    ["inside broken braces", '{ not json {"a":1} }', { a: 1 }],
    ["after thinking aloud", '<think>maybe {"a":0}</think>{"a":1}', { a: 1 }],
    ["empty", "{}", {}],
    ["an array alone", "[1,2]", undefined],
    ["a number alone", "0.7", undefined],
    ["nothing", "", undefined],
    ["prose alone", "I cannot help with that.", undefined],
    ["cut short", '{"a":[1,2', undefined],
    ["single quotes", "{'a':1}", undefined],
    ["a comma too many", '{"a":1,}', undefined],
  ])("is found %s", (_what, text, expected) => {
    expect(extractJson(text)?.("FP32")).toEqual(expected);
  });

  it.each<readonly [string, unknown]>([
    ["{", undefined],
    ['{"a":', undefined],
    ["}{x", undefined],
    ["{}x", {}],
  ])("is not looked for without end in a megabyte of %s", (piece, expected) => {
    const text = piece.repeat(1_000_000 / piece.length);
    expect(extractJson(text)?.("FP32")).toEqual(expected);
  });

  it("keeps the digits of large whole numbers for 64-bit outputs", () => {
    const json = extractJson('{"id":9007199254740993}');
    expect(json?.("INT64")).toEqual({ id: "9007199254740993" });
    expect(json?.("FP64")).toEqual({ id: 9007199254740992 });
  });
});

describe("an endpoint of chat completions", () => {
  let server: FaultServer;
  beforeAll(async () => {
    server = await startFaultServer();
  });
  afterAll(() => server.stop());

  const ask = (
    body: string,
    strategy: Partial<ChatStrategy> = {},
    more: Partial<RemoteQuestion> = {},
  ) => {
    server.plan(answer(200, body));
    const { remote, context } = createTestRemote({
      hosts: new URL(server.url).host,
      secrets: { FRESHET_SECRET_LLM: "s3cret" },
    });
    const url = `${server.url}/v1/chat/completions`;
    return remote.ask(context, question(chatStrategy(url, strategy), more));
  };
  const says = (value: unknown, ...more: [Partial<ChatStrategy>?, Partial<RemoteQuestion>?]) =>
    ask(completion(JSON.stringify(value)), ...more);

  it("is asked for one JSON object, at temperature 0", async () => {
    await ask(completion("{}"), { secret: "FRESHET_SECRET_LLM" });
    const [seen] = server.seen;
    expect(seen?.target).toBe("/v1/chat/completions");
    expect(seen?.headers.authorization).toBe("Bearer s3cret");
    expect(JSON.parse(seen?.body.toString() ?? "")).toEqual({
      model: "large-1",
      messages: [
        { role: "system", content: "Answer with one JSON object and nothing else." },
        {
          role: "user",
          content:
            'Classify [[1,2],[3,4]]. Wanted: {"label":{"datatype":"INT64","shape":[-1]},"probabilities":{"datatype":"FP32","shape":[-1,2],"classes":["no","yes"]}}.',
        },
      ],
      temperature: 0,
      response_format: { type: "json_object" },
    });
  });

  it("is asked as the strategy says", async () => {
    await ask(completion("{}"), {
      system: "JSON, please.",
      prompt: "{{inputs}}",
      temperature: 0.5,
      max_tokens: 50,
    });
    expect(JSON.parse(server.seen[0]?.body.toString() ?? "")).toMatchObject({
      messages: [{ content: "JSON, please." }, { content: '{"x":[[1,2],[3,4]]}' }],
      temperature: 0.5,
      max_tokens: 50,
    });
  });

  it("is not asked with a prompt that names an input which there is not", async () => {
    expect(await ask(completion("{}"), { prompt: "{{input y}}" })).toMatchObject({
      failure: { reason: "remote_refused", mayRetry: false },
    });
    expect(server.seen).toHaveLength(0);
  });

  const GOOD = {
    outputs: [
      { name: "label", datatype: "INT64", shape: [2], data: BigInt64Array.of(1n, 0n) },
      {
        name: "probabilities",
        datatype: "FP32",
        shape: [2, 2],
        data: Float32Array.of(0.25, 0.75, 0.5, 0.5),
      },
    ],
    model: "large-1-2026",
    version: "unknown",
  };

  it.each<readonly [string, object]>([
    [
      "nested arrays",
      {
        label: [1, 0],
        probabilities: [
          [0.25, 0.75],
          [0.5, 0.5],
        ],
      },
    ],
    ["flat arrays", { label: [1, 0], probabilities: [0.25, 0.75, 0.5, 0.5] }],
    [
      "shares by class, in any order",
      {
        label: [1, 0],
        probabilities: [
          { yes: 0.75, no: 0.25 },
          { no: 0.5, yes: 0.5 },
        ],
      },
    ],
    ["more than was asked", { label: [1, 0], probabilities: [0.25, 0.75, 0.5, 0.5], why: "x" }],
  ])("answers tensors by %s", async (_what, said) => {
    expect(await says(said)).toEqual({ ok: true, value: GOOD });
  });

  it("answers where the map points to", async () => {
    const said = { result: { "a/b": [{ l: 1 }], "p~": { yes: 1, no: 0 } } };
    const map = { label: "/result/a~1b/0/l", probabilities: "/result/p~0", unasked: "/x" };
    expect(await says(said, { map })).toMatchObject({
      value: { outputs: [{ shape: [1] }, { shape: [1, 2], data: Float32Array.of(0, 1) }] },
    });
  });

  it("answers the whole object where the map says so", async () => {
    const outputs = [{ name: "p", datatype: "FP32", shape: [1, 2] }] as const;
    expect(await says({ no: 0, yes: 1 }, { map: { p: "" } }, { outputs })).toMatchObject({
      value: { outputs: [{ shape: [1, 2], data: Float32Array.of(0, 1) }] },
    });
  });

  it("may give its text in parts, and no name", async () => {
    const parts = [
      { type: "text", text: '{"label":[1,0],' },
      { type: "text", text: '"probabilities":[0,1,0,1]}' },
    ];
    expect(await ask(completion(parts, { model: 7 }))).toMatchObject({
      ok: true,
      value: { model: "unknown" },
    });
  });

  const one = (
    shape: readonly number[],
    datatype: "FP32" | "BYTES" | "INT8" | "BOOL" = "FP32",
  ) => ({
    outputs: [{ name: "o", datatype, shape }],
  });

  it.each<readonly [string, unknown, Partial<RemoteQuestion>, readonly number[]]>([
    ["a scalar for a scalar", 7, one([]), []],
    ["a scalar for one row", 7, one([-1]), [1]],
    ["a scalar for a fixed single", 7, one([1, 1]), [1, 1]],
    ["a flat list, the batch known", [1, 2, 3, 4, 5, 6], one([-1, -1]), [2, 3]],
    [
      "nested lists of any size",
      [
        [[1], [2]],
        [[3], [4]],
      ],
      one([-1, -1, -1]),
      [2, 2, 1],
    ],
    ["a word", "setosa", one([-1], "BYTES"), [1]],
    ["words", ["a", "b"], one([-1], "BYTES"), [2]],
    ["truths", [true, false], one([-1], "BOOL"), [2]],
  ])("may answer %s", async (_what, value, more, shape) => {
    expect(await says({ o: value }, {}, more)).toMatchObject({ value: { outputs: [{ shape }] } });
  });

  it.each<readonly [string, unknown, Partial<RemoteQuestion>]>([
    ["too few elements", [1, 2, 3], one([-1, 2])],
    ["too many for a fixed shape", [1, 2], one([1])],
    ["rows of other lengths", [[1, 2], [3]], one([-1, 2])],
    ["another depth", [[1], [2]], one([-1])],
    ["too deep", [[[1]]], one([-1, 1])],
    ["half nested", [1, [2]], one([-1, 1])],
    [
      "an unclear shape",
      [1, 2, 3],
      { ...one([-1, -1]), inputs: [ROWS, { ...ROWS, name: "y", shape: [4, 1] }] },
    ],
    ["a word for a number", "7", one([-1])],
    ["a number for a word", 7, one([-1], "BYTES")],
    ["a number out of range", 300, one([-1], "INT8")],
    ["a fraction for a whole number", 0.5, one([-1], "INT8")],
    ["0 for false", 0, one([-1], "BOOL")],
    ["null", null, one([-1])],
    ["an object without classes", { a: 1 }, { ...one([-1, 1]), classes: [] }],
    ["an object where none belongs", { no: 1, yes: 0 }, one([-1, 3])],
    ["an object for whole numbers", { no: 1, yes: 0 }, one([-1, 2], "INT8")],
    ["a class too few", { no: 1 }, one([-1, 2])],
    ["a class too many", { no: 1, yes: 0, maybe: 0 }, one([-1, 2])],
    ["another class", { no: 1, ja: 0 }, one([-1, 2])],
    ["a share that is a word", { no: 1, yes: "s3cret" }, one([-1, 2])],
    ["rows half of objects", [{ no: 1, yes: 0 }, [1, 0]], one([-1, 2])],
  ])("is not believed with %s, and may be asked again", async (_what, value, more) => {
    const asked = await says({ o: value }, {}, more);
    expect(asked).toMatchObject({
      failure: { reason: "remote_invalid_answer", mayRetry: true },
    });
    expect(JSON.stringify(asked)).not.toContain("s3cret");
  });

  it.each([
    ["no JSON", "no", /no chat completion/],
    ["an error", '{"error":{"message":"s3cret"}}', /no chat completion/],
    ["no choice", completion("", { choices: [] }), /no text/],
    ["a refusal", completion(null), /no text/],
    ["prose", completion("s3cret"), /no JSON object in it/],
    ["nothing for an output", completion('{"label":1}'), /nothing for output 'probabilities'/],
    [
      "what every object has",
      completion('{"__proto__":{"label":1}}'),
      /nothing for output 'label'/,
    ],
    [
      "a text that was cut",
      completion("", { choices: [{ finish_reason: "length", message: { content: '{"label":' } }] }),
      /cut at max_tokens/,
    ],
  ])("is not believed with %s", async (_what, body, detail) => {
    const asked = await ask(body);
    expect(asked).toMatchObject({
      failure: {
        reason: "remote_invalid_answer",
        mayRetry: true,
        detail: expect.stringMatching(detail),
      },
    });
    expect(JSON.stringify(asked)).not.toContain("s3cret");
  });
});
