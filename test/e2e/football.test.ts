import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { call } from "../../examples/football/client.ts";
import { replayMatches } from "../../examples/football/features.ts";
import { type Figures, figuresOf, type Judged } from "../../examples/football/figures.ts";
import { readMatches } from "../../examples/football/matches.ts";
import { playSeason, VERSIONS } from "../../examples/football/season.ts";
import type { Stack } from "../../infra/local/stack.ts";
import { startTestStack, TEST_TOKEN } from "../support/stack.ts";

const SCRIPT = join(import.meta.dirname, "..", "..", "examples", "football", "run.ts");
const PREDICT = "/v1/models/football_baseline_model@2/predict";

/** Matches that the season of the example has not. */
const OTHERS = replayMatches(readMatches()).slice(0, 60);

describe("the football example", { timeout: 300_000 }, () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startTestStack();
  });
  afterAll(() => stack?.stop());

  const door = () => ({ url: stack.url, token: TEST_TOKEN });
  const run = async () => {
    const env = { ...process.env, FRESHET_URL: stack.url, FRESHET_TOKEN: TEST_TOKEN };
    const { stdout } = await promisify(execFile)(process.execPath, [SCRIPT], { env });
    return stdout;
  };
  const play = () => playSeason(door(), OTHERS, () => undefined);

  /** Somebody else's prediction by version 2, with its outcome. */
  async function predictAndJudge(): Promise<void> {
    const rows = [OTHERS[0]?.features];
    const { results } = await call<{ results: readonly { prediction_id: string }[] }>(
      door(),
      "POST",
      PREDICT,
      { rows },
    );
    const line = JSON.stringify({ prediction_id: results[0]?.prediction_id, value: "draw" });
    // Its record is written behind its answer.
    await vi.waitFor(async () => {
      expect(await call(door(), "POST", "/v1/outcomes", line)).toMatchObject({ ok: true });
    }, 60_000);
  }

  it("tells the accuracy of a season by version, equal to what is computed without Freshet, whoever else has used the model", async () => {
    await predictAndJudge();
    const told = await run();
    expect(told).toContain("version 1, 1591 matches judged\n  ");
    expect(told).toMatch(/accuracy +0\.5411690760\d* +0\.5411690760/);
    expect(told).toContain(
      "version 2, 1591 matches judged\n(Freshet had judged 1 before: they are taken out here)\n",
    );
    expect(told).toMatch(/accuracy +0\.5631678189\d* +0\.5631678189/);
    expect(told).toContain("All figures agree.");
  });

  it("may be run again, its own predictions told apart from all before", async () => {
    const first = await play();
    await predictAndJudge();
    const again = await play();
    expect(again.judgedBefore[2]).toBe(first.judgedBefore[2] + OTHERS.length + 1);
    for (const { accuracy, judged } of [first, again]) {
      for (const version of VERSIONS) expectClose(accuracy[version], judged[version]);
    }
  });

  it("says so when its results judge predictions that it did not make", async () => {
    const [other] = replayMatches(readMatches()).slice(60, 61);
    const entity = { id: other?.match.id, features: other?.features };
    await call(door(), "POST", "/v1/entities/match", JSON.stringify(entity));
    await call(door(), "POST", PREDICT, { entities: [`match:${entity.id}`] });
    const playOther = () => playSeason(door(), other === undefined ? [] : [other], () => undefined);
    await expect(playOther()).rejects.toThrow(
      /^1 prediction of .* did not make .*FRESHET_DATA_DIR/,
    );
    await expect(playOther()).resolves.toMatchObject({ judgedBefore: expect.anything() });
  });
});

/** Classes that never come are in no mean of Freshet's: F1 is left to the whole season. */
function expectClose(told: Figures, judged: readonly Judged[]): void {
  const { accuracy, log_loss, brier } = figuresOf(judged);
  expect(told.accuracy).toBeCloseTo(accuracy, 10);
  expect(told.log_loss).toBeCloseTo(log_loss, 10);
  expect(told.brier).toBeCloseTo(brier, 10);
}
