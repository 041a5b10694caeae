import { setImmediate as turn } from "node:timers/promises";
import type { ServeFailure } from "../../src/core/model/failure.ts";
import type { Result } from "../../src/core/model/result.ts";
import { makeTensor } from "../../src/core/model/tensor.ts";
import { type Inference, infer } from "../../src/core/predict/infer.ts";
import { putDeployment, putVersion } from "./publish.ts";
import { createRowEngine, type RowEngine, type RowEngineWays } from "./row-engine.ts";
import { createTestCore, type TestCore, type TestCoreOptions } from "./test-core.ts";

type Answer = Result<Inference, ServeFailure>;

/** A request whose timers fire only when the test says so, as those of one client's request do. */
export interface Asked {
  readonly values: readonly number[];
  answer: Answer | "thrown" | undefined;
  /** Lets the timers fire that it waits for. False: it waits for none. */
  fire(): boolean;
}

/** A core with the version that adds up, and two requests in flight that never end. */
export interface JoiningStage {
  readonly core: TestCore;
  readonly engine: RowEngine;
  ask(values: readonly number[], more?: { rows?: number; outputs?: readonly string[] }): Asked;
}

/** @param batching of the deployment */
export async function beginJoining(
  ways: RowEngineWays = {},
  batching: object = { min_concurrency: 2 },
  options: TestCoreOptions = {},
): Promise<JoiningStage> {
  const engine = createRowEngine(ways);
  const core = createTestCore({ engine, revalidateMs: 10 ** 9, ...options });
  await putVersion(core.bucket, "sums", "1", Uint8Array.of(1));
  await putDeployment(core.bucket, "sums", 1, { production: { "1": 100 } }, { batching });
  const stage = { core, engine, ask: askOn(core) };
  // The first one loads it, alone.
  const first = inShort(await answered(stage.ask([1])));
  if (first !== "1") throw new Error(`the first answer is ${first}`);
  core.deps.joining?.inFlight.enter(0);
  core.deps.joining?.inFlight.enter(0);
  core.story();
  return stage;
}

const askOn =
  (core: TestCore): JoiningStage["ask"] =>
  (values, { rows = 1, outputs = ["sum"] } = {}) => {
    const waiting: (() => void)[] = [];
    const clock = {
      now: () => core.clock.now(),
      after(ms: number) {
        // Deadlines of loads do not pass here.
        const done = new Promise<void>((resolve) => void (ms === 0 && waiting.push(resolve)));
        return { done, cancel: () => undefined };
      },
    };
    const data = Float32Array.from({ length: rows * values.length }, (_, index) => {
      return values[index % values.length] ?? 0;
    });
    const asked: Asked = {
      values,
      answer: undefined,
      fire: () => waiting.splice(0).map((resolve) => resolve()).length > 0,
    };
    const context = { clock, background: core.context.background };
    const inferring = infer(core.deps, context, {
      reference: { model: "sums", selector: { kind: "alias", alias: "production" } },
      stickiness: () => ({ random: () => 0 }),
      inputs: [makeTensor("x", "FP32", [rows, values.length], data)],
      outputs,
    });
    void (async () => {
      asked.answer = await Promise.resolve(inferring).catch(() => "thrown" as const);
    })();
    return asked;
  };

/** Lets everything go on that waits for no timer: a load takes some turns. */
export async function settled(...asked: readonly Asked[]): Promise<void> {
  for (let turns = 0; turns < 30; turns += 1) {
    if (turns > 1 && asked.length > 0 && asked.every(({ answer }) => answer !== undefined)) return;
    await turn();
  }
}

/** Its answer, once its own timers have fired, and nobody else's. */
export async function answered(asked: Asked): Promise<Asked["answer"]> {
  await settled(asked);
  while (asked.fire()) await settled(asked);
  return asked.answer;
}

/** The first output, or why there is none. */
export function inShort(answer: Asked["answer"]): string {
  if (answer === undefined || answer === "thrown") return `${answer}`;
  if (!answer.ok) return answer.failure.reason;
  const [first] = answer.value.outputs;
  return `${first?.data}`;
}

/** All have come; then their timers fire, one after another. */
export async function together(stage: JoiningStage, ...rows: readonly (readonly number[])[]) {
  const asked = rows.map((values) => stage.ask(values));
  await settled();
  const answers: string[] = [];
  for (const one of asked) answers.push(inShort(await answered(one)));
  return answers;
}
