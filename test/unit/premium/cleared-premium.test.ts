import { expect, it } from "vitest";
import { ok } from "../../../src/core/model/result.ts";
import { makeTensor } from "../../../src/core/model/tensor.ts";
import { ask } from "../../support/ask.ts";
import { better, premiumIsolate } from "../../support/premium.ts";

it("a premium answer that was cleared here, while Redis took no order, is made anew and is not the old one", async () => {
  const isolate = await premiumIsolate();
  await isolate.core.feed?.check(isolate.core.context);
  await isolate.sum(1, 2);
  await isolate.inBackground();
  expect(await isolate.sum(1, 2)).toBe("premium 103 (isolate)");
  const { predictions } = isolate.core.deps;
  await isolate.core.clock.advance(1);
  predictions?.clear();
  predictions?.distrustRedis("iris");
  await isolate.core.clock.advance(1);
  isolate.remote.reply = async (question) => {
    const answer = await better(question);
    return answer.ok ? ok({ ...answer.value, version: "8" }) : answer;
  };
  expect(await isolate.sum(1, 2)).toBe("fast 3 job");
  await isolate.inBackground();
  expect(isolate.remote.questions).toHaveLength(2);
  const inputs = [makeTensor("x", "FP32", [1, 2], Float32Array.of(1, 2))];
  expect(await ask(isolate.core, "iris", { inputs })).toMatchObject({
    value: { strategy: "premium", loaded: { model: "large", version: "8" } },
  });
});
