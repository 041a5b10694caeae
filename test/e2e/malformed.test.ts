import { Agent, request } from "node:http";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Stack } from "../../infra/local/stack.ts";
import { readFixture } from "../support/fixtures.ts";
import { inferJson } from "../support/infer.ts";
import { startTestStack } from "../support/stack.ts";

const BODIES = 20_000;
const PARALLEL = 32;
/** A request that takes this long hangs. */
const HANG_MS = 10_000;

interface Malformed {
  readonly body: Buffer;
  readonly headers: Record<string, string>;
}

const VALID = JSON.stringify({
  id: "1",
  inputs: [{ name: "features", shape: [1, 4], datatype: "FP32", data: [6.2, 2.8, 4.8, 1.8] }],
  outputs: [{ name: "probabilities", parameters: { classification: 2 } }],
});

/** JSON of the right kind of words in wrong places. */
const nearlyRight = fc
  .record(
    {
      id: fc.oneof(fc.string(), fc.anything()),
      parameters: fc.anything(),
      inputs: fc.oneof(
        fc.anything(),
        fc.array(
          fc.record(
            {
              name: fc.constantFrom("features", "x", "__proto__", "", 3, null),
              shape: fc.oneof(
                fc.array(fc.oneof(fc.integer(), fc.double(), fc.maxSafeInteger())),
                fc.anything(),
              ),
              datatype: fc.constantFrom(
                "FP32",
                "INT64",
                "BYTES",
                "BOOL",
                "FP16",
                "BF16",
                "fp32",
                1,
              ),
              data: fc.oneof(
                fc.array(fc.oneof(fc.double(), fc.string(), fc.anything())),
                fc.anything(),
              ),
              parameters: fc.oneof(
                fc.anything(),
                fc.record({ binary_data_size: fc.oneof(fc.integer(), fc.anything()) }),
              ),
            },
            { requiredKeys: [] },
          ),
          { maxLength: 3 },
        ),
      ),
      outputs: fc.oneof(
        fc.anything(),
        fc.array(fc.record({ name: fc.string(), parameters: fc.anything() })),
      ),
    },
    { requiredKeys: [] },
  )
  .map(
    (value) =>
      JSON.stringify(value, (_key, item) => (typeof item === "bigint" ? `${item}` : item)) ?? "",
  );

/** A valid request with a byte changed, cut short, or doubled. */
const damaged = fc
  .tuple(fc.nat(VALID.length - 1), fc.nat(255), fc.constantFrom("change", "cut", "double"))
  .map(([at, byte, how]) => {
    const body = Buffer.from(VALID);
    if (how === "cut") return body.subarray(0, at);
    if (how === "double") return Buffer.concat([body, body.subarray(at)]);
    body[at] = byte;
    return body;
  });

const bodies = fc.oneof(
  nearlyRight.map((text) => Buffer.from(text)),
  damaged,
  fc.json().map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc.nat(300).map((depth) => Buffer.from("[".repeat(depth) + "]".repeat(depth))),
);

const headers = fc.record(
  {
    "inference-header-content-length": fc.oneof(
      fc.integer({ min: -10, max: 400 }).map(String),
      fc.constantFrom("0", "1e9", "99999999999999999999", "0x10", "abc", "+5"),
    ),
    "content-encoding": fc.constantFrom("gzip", "deflate", "br", "identity", "gzip, gzip", "zstd"),
    "x-freshet-route": fc.stringMatching(/^[ -~]{0,40}$/),
    "x-request-id": fc.stringMatching(/^[ -~]{0,200}$/),
  },
  { requiredKeys: [] },
);

const malformed: fc.Arbitrary<Malformed> = fc.record({
  body: bodies,
  headers: fc.oneof({ weight: 2, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: headers }),
}) as fc.Arbitrary<Malformed>;

describe("20,000 malformed bodies over HTTP", () => {
  let stack: Stack;
  const agent = new Agent({ keepAlive: true, maxSockets: PARALLEL });

  beforeAll(async () => {
    stack = await startTestStack();
  });

  afterAll(async () => {
    agent.destroy();
    await stack.stop();
  });

  function send({ body, headers: extra }: Malformed): Promise<number> {
    const url = `${stack.url}/v2/models/iris-logreg/infer`;
    return new Promise((done, failed) => {
      const sent = request(
        url,
        { method: "POST", agent, headers: { ...extra, "content-length": body.length } },
        (answer) => {
          answer.resume();
          answer.once("end", () => done(answer.statusCode ?? 0));
        },
      );
      sent.setTimeout(HANG_MS, () => sent.destroy(new Error("it hangs")));
      sent.once("error", failed);
      sent.end(body);
    });
  }

  it("get no 5xx and no hang, and leave the engine's memory as it was", {
    timeout: 300_000,
  }, async () => {
    const { rows, expected } = readFixture("iris-logreg", "1");
    await inferJson(stack.url, "/v2/models/iris-logreg/infer", rows);
    const before = await engineBytes(stack.url);
    const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
    const all = fc.sample(malformed, { numRuns: BODIES, seed });
    const statuses = new Map<number, number>();
    let next = 0;
    const work = async () => {
      for (let body = all[next++]; body !== undefined; body = all[next++]) {
        const status = await send(body);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        if (status >= 500) {
          throw new Error(
            `seed ${seed}: ${status} for ${JSON.stringify(body.headers)} ${body.body.toString("latin1")}`,
          );
        }
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, work));
    const total = [...statuses.values()].reduce((sum, count) => sum + count, 0);
    expect(total).toBe(BODIES);
    // Most are refused; a changed digit may well be a valid request.
    expect(statuses.get(400) ?? 0).toBeGreaterThan(BODIES / 2);
    expect(await engineBytes(stack.url)).toBe(before);
    const after = await inferJson(stack.url, "/v2/models/iris-logreg/infer", rows);
    expect(after.outputs[0]?.data).toEqual(expected.label);
  });
});

async function engineBytes(url: string): Promise<number> {
  const health = await (await fetch(`${url}/health`)).json();
  return (health as { engine: { used_bytes: number } }).engine.used_bytes;
}
