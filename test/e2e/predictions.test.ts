import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Stack } from "../../infra/local/stack.ts";
import { fixtureNames, readFixture } from "../support/fixtures.ts";
import { type ClientAnswer, inferBinary, inferJson } from "../support/infer.ts";
import { putDeployment, putVersion } from "../support/publish.ts";
import { startTestStack } from "../support/stack.ts";

/** As `model.json` of every fixture states it. */
const TOLERANCE = 1e-4;

describe("every fixture model's hold-out rows", () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await startTestStack();
    for (const [name, version] of fixtureNames()) {
      await putVersion(stack.store, name, version, readFixture(name, version).bytes);
    }
    for (const name of new Set(fixtureNames().map(([model]) => model))) {
      await putDeployment(stack.store, name, 2, { production: { "1": 100 } });
    }
  });

  afterAll(() => stack.stop());

  it.each(fixtureNames())(
    "%s version %s answers what its own library answers, by JSON and by bytes",
    async (name, version) => {
      const { rows, expected } = readFixture(name, version);
      const path = `/v2/models/${name}/versions/${version}/infer`;
      const answers = await Promise.all([
        inferJson(stack.url, path, rows),
        inferBinary(stack.url, path, rows),
      ]);
      for (const answer of answers) {
        expect([answer.status, answer.headers.get("x-freshet-version")]).toEqual([200, version]);
        for (const [output, values] of Object.entries(expected))
          check(answer, output, values.flat());
      }
    },
  );

  it("there are fifteen of them", () => {
    expect(fixtureNames()).toHaveLength(15);
  });
});

function check(answer: ClientAnswer, output: string, expected: readonly unknown[]): void {
  const data = answer.outputs.find(({ name }) => name === output)?.data ?? [];
  expect(data).toHaveLength(expected.length);
  if (output === "label") {
    expect(data).toEqual(expected);
    return;
  }
  const worst = Math.max(
    ...data.map((value, index) => Math.abs(Number(value) - Number(expected[index]))),
  );
  expect(worst).toBeLessThan(TOLERANCE);
}
