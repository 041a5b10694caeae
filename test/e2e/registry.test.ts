import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Stack } from "../../infra/local/stack.ts";
import { listKeys } from "../../src/core/lifecycle/list-keys.ts";
import { modelPrefix } from "../../src/core/model/keys.ts";
import { callApi } from "../support/call-api.ts";
import { fixtureNames, readFixture, readFixtureFile } from "../support/fixtures.ts";
import { inferJson } from "../support/infer.ts";
import { must } from "../support/must.ts";
import { startTestStack } from "../support/stack.ts";

/** As `model.json` of every fixture states it. */
const TOLERANCE = 1e-4;

const INVALID = join(import.meta.dirname, "..", "fixtures", "invalid");
const FILES = readdirSync(INVALID).filter((file) => file.endsWith(".onnx"));

/** Files that are valid models; what is bad about them shows elsewhere. */
const ACCEPTED = ["alloc_bomb.onnx", "iris_incompatible_v2.onnx"];

const REASONS: Readonly<Record<string, readonly [code: string, detail: RegExp]>> = {
  "custom_domain.onnx": ["unsupported_model", /com\.example/],
  "dims_lie.onnx": ["invalid_model", /says it is float/],
  "empty.onnx": ["invalid_request", /empty/],
  "external_data.onnx": ["unsupported_model", /in another file/],
  "flipped.onnx": ["invalid_model", /cut off or damaged/],
  "html.onnx": ["invalid_model", /web page/],
  "loop_burner.onnx": ["unsupported_model", /[Ll]oop/],
  "sequence_output.onnx": ["unsupported_model", /sequence/],
  "truncated.onnx": ["invalid_model", /cut off or damaged/],
  "unknown_op.onnx": ["unsupported_model", /NoSuchOp/],
  "zipmap_output.onnx": ["unsupported_model", /probabilities/],
};

let stack: Stack;

beforeAll(async () => {
  stack = await startTestStack();
});

afterAll(() => stack.stop());

const call = (method: string, path: string, body?: unknown) =>
  callApi(stack.url, method, path, body);

const publish = (model: string, bytes: Uint8Array | FormData, query = "") =>
  call("POST", `/v1/models/${model}/versions${query}`, bytes);

/** The file with what its training said of it, and its first hold-out row as the sample. */
function formOf(name: string, version: string): FormData {
  const { bytes, rows, expected } = readFixture(name, version);
  const told = JSON.parse(
    readFileSync(join(INVALID, "..", "models", name, `v${version}`, "model.json"), "utf8"),
  );
  const [row = []] = rows;
  const inputs = [{ name: "features", datatype: "FP32", shape: [1, row.length], data: row }];
  const features = told.features.map((feature: { name: string; dtype: string }) => ({
    name: feature.name,
    dtype: feature.dtype,
  }));
  const draft = {
    framework: told.framework,
    features,
    description: told.title,
    sample: { inputs, outputs: sampleOutputs(expected) },
  };
  const form = new FormData();
  form.set("model", new Blob([bytes]), "model.onnx");
  form.set("manifest", JSON.stringify(draft));
  return form;
}

/** Of the outputs of numbers, the first row. */
function sampleOutputs(expected: Readonly<Record<string, readonly unknown[]>>) {
  return Object.entries(expected)
    .filter(([name]) => name !== "label")
    .map(([name, [first]]) => {
      const isRow = Array.isArray(first);
      const data = isRow ? first : [first];
      return { name, datatype: "FP32", shape: isRow ? [1, data.length] : [1], data };
    });
}

describe("every fixture model", () => {
  const models = [...new Set(fixtureNames().map(([name]) => name))];

  it.each(models)("%s is published with its sample and serves its hold-out rows", async (name) => {
    const versions = fixtureNames().filter(([model]) => model === name);
    for (const [, version] of versions) {
      const published = await publish(`own-${name}`, formOf(name, version));
      expect([published.status, published.body]).toMatchObject([
        201,
        { version, aliases: version === "1" ? ["production"] : [] },
      ]);
      const { rows, expected } = readFixture(name, version);
      const path = `/v2/models/own-${name}/versions/${version}/infer`;
      const answer = await inferJson(stack.url, path, rows);
      expect([answer.status, answer.error]).toEqual([200, undefined]);
      for (const [output, values] of Object.entries(expected)) {
        const data = answer.outputs.find((one) => one.name === output)?.data ?? [];
        expect(distance(data, values.flat())).toBeLessThan(TOLERANCE);
      }
    }
    const listed = await call("GET", `/v1/models/own-${name}/versions`);
    expect(listed.body.items).toHaveLength(versions.length);
  });
});

/** The largest difference; labels are equal or infinitely far. */
function distance(actual: readonly unknown[], expected: readonly unknown[]): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  const apart = actual.map((value, index) => {
    if (String(value) === String(expected[index])) return 0;
    const difference = Math.abs(Number(value) - Number(expected[index]));
    return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
  });
  return Math.max(...apart);
}

describe("a bad file", () => {
  it("is known to these tests", () => {
    expect([...Object.keys(REASONS), ...ACCEPTED].sort()).toEqual(FILES.sort());
  });

  it.each(Object.entries(REASONS))(
    "%s is refused for its own reason, and leaves nothing in the bucket",
    async (file, [code, detail]) => {
      const model = `bad-${file.replace(/\.onnx$/, "")}`;
      const { status, body } = await publish(model, readFixtureFile("invalid", file));
      expect([status, body.code]).toEqual([code === "invalid_request" ? 400 : 422, code]);
      expect(body.detail).toMatch(detail);
      expect(body.detail).not.toMatch(/\/mnt\/|onnxruntime\/core|passwd/);
      expect(must(await listKeys(stack.store, modelPrefix(model)))).toEqual([]);
      expect((await call("GET", `/v1/models/${model}`)).status).toBe(404);
    },
  );

  it.each(ACCEPTED)("%s is a valid model, and taken", async (file) => {
    const model = `good-${file.replace(/\.onnx$/, "")}`;
    expect((await publish(model, readFixtureFile("invalid", file))).status).toBe(201);
  });

  it("does not become what production answers from when its interface differs", async () => {
    const model = "careful";
    await publish(model, readFixture("iris-logreg", "1").bytes);
    const other = readFixtureFile("invalid", "iris_incompatible_v2.onnx");
    const refused = await publish(model, other, "?alias=production");
    expect([refused.status, refused.body.code]).toEqual([409, "incompatible_schema"]);
    expect(refused.body.errors.length).toBeGreaterThan(0);
    expect((await call("GET", `/v1/models/${model}/aliases`)).body.aliases).toEqual({
      production: { weights: { "1": 100 } },
    });
  });
});

describe("a model in production", () => {
  const model = "life";
  const name = "breast-cancer-rf";
  const { rows } = readFixture(name, "1");
  const served = async () => {
    const answer = await inferJson(stack.url, `/v2/models/${model}/infer`, rows.slice(0, 1));
    return answer.headers.get("x-freshet-version");
  };

  /** Asks until the isolate has taken a version, which a move tells it in the background. */
  async function untilServed(version: string): Promise<void> {
    const endMs = Date.now() + 10_000;
    while ((await served()) !== version) {
      if (Date.now() > endMs) throw new Error(`version ${version} is not served after 10 s`);
    }
  }

  it("is promoted, rolled back and has a history, without a restart", async () => {
    await publish(model, readFixture(name, "1").bytes);
    expect(await served()).toBe("1");
    const second = await publish(model, readFixture(name, "2").bytes, "?alias=staging");
    expect(second.status).toBe(201);
    const promoted = await call("POST", `/v1/models/${model}/promote`, '{"reason":"better"}');
    expect([promoted.status, promoted.body.rev]).toEqual([200, 3]);
    await untilServed("2");
    const back = await call("POST", `/v1/models/${model}/rollback`, '{"reason":"worse"}');
    expect(back.body.route).toEqual({ weights: { "1": 100 } });
    await untilServed("1");
    const history = await call("GET", `/v1/models/${model}/history`);
    expect(history.body.items).toMatchObject([
      { rev: 4, action: "rollback", reason: "worse", from: { weights: { "2": 100 } } },
      { rev: 3, action: "promote", reason: "better", to: { weights: { "2": 100 } } },
      { rev: 2, action: "set", alias: "staging" },
      { rev: 1, action: "publish" },
    ]);
    const times = history.body.items.map(({ at }: { at: string }) => at);
    const then = await call("GET", `/v1/models/${model}/history?at=${times[1]}`);
    expect(then.body.aliases).toMatchObject({ production: { "2": 100 } });
  });

  it("serves a version as soon as it is published as production", async () => {
    await publish(model, readFixture(name, "2").bytes, "?alias=production");
    await untilServed("2");
  });

  it("is not left without what it names", async () => {
    const refused = await call("DELETE", `/v1/models/${model}/versions/2`);
    expect([refused.status, refused.body.code]).toEqual([409, "version_in_use"]);
    expect((await call("DELETE", `/v1/models/${model}/versions/1`)).status).toBe(204);
    const gone = await inferJson(stack.url, `/v2/models/${model}/versions/1/infer`, rows);
    expect(gone.status).toBe(404);
    expect(await served()).toBe("2");
  });
});
