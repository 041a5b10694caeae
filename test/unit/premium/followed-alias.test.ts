import { beforeEach, describe, expect, it } from "vitest";
import { refreshDeployment } from "../../../src/core/lifecycle/refresh-deployment.ts";
import { fakeModel } from "../../support/ask.ts";
import { type PremiumIsolate, premiumIsolate, putStrategy } from "../../support/premium.ts";
import { putDeployment, putVersion } from "../../support/publish.ts";

const FOLLOWING = { kind: "model", reference: "large@staging", attempts: 3, backoff_ms: 1_000 };

let isolate: PremiumIsolate;

/** Where `large@staging` leads. */
const point = (rev: number, weights: Readonly<Record<string, number>>) =>
  putDeployment(isolate.core.bucket, "large", rev, { production: { "1": 100 }, staging: weights });

/** `iris` answers fast with 0 more than the sum of a row, `large` with 100 times its version. */
async function following(isDurable: boolean): Promise<void> {
  isolate = await premiumIsolate({ isDurable });
  const { bucket } = isolate.core;
  await putStrategy(bucket, 3, FOLLOWING);
  for (const version of ["1", "2"]) {
    await putVersion(bucket, "large", version, fakeModel(100 * Number(version), 10));
  }
  await point(1, { "1": 100 });
}

/** Asks, and lets whatever runs behind the answer end. */
async function sum(one: PremiumIsolate = isolate): Promise<string> {
  const answer = await one.sum(1, 2);
  await one.inBackground();
  await one.inBackground();
  return answer;
}

const notice = ({ core }: PremiumIsolate) => refreshDeployment(core.deps, core.context, "large");

const another = () => {
  const { sharedCache, jobs, core } = isolate;
  if (sharedCache === undefined || jobs === undefined) throw new Error("it is durable");
  return premiumIsolate({ bucket: core.bucket, sharedCache, jobs });
};

describe.each([
  ["with Redis", true],
  ["without Redis", false],
])("a premium strategy that follows an alias, %s", (_, isDurable) => {
  beforeEach(() => following(isDurable));

  it("is answered by what the alias leads to now, as soon as the isolate knows that it has moved", async () => {
    await sum();
    // Without Redis the first answer may be kept for an isolate that did not know the alias yet.
    await sum();
    expect(await sum()).toBe("premium 103 (isolate)");
    await point(2, { "2": 100 });
    expect(await sum()).toBe("premium 103 (isolate)");
    await notice(isolate);
    expect(await sum()).toMatch(/^fast 3/);
    expect(await sum()).toBe("premium 203 (isolate)");
  });

  it("has its kept answers again when the alias moves back", async () => {
    for (let times = 0; times < 3; times += 1) await sum();
    await point(2, { "2": 100 });
    await notice(isolate);
    await sum();
    await point(3, { "1": 100 });
    await notice(isolate);
    expect(await sum()).toBe("premium 103 (isolate)");
  });

  it("keeps its answers while another alias of the model moves, or another field changes", async () => {
    for (let times = 0; times < 3; times += 1) await sum();
    const { bucket } = isolate.core;
    const aliases = { production: { "2": 100 }, staging: { "1": 100, "2": 0 } };
    await putDeployment(bucket, "large", 2, aliases, { warm: ["1"] });
    await notice(isolate);
    expect(await sum()).toBe("premium 103 (isolate)");
  });
});

describe("isolates that follow one alias", () => {
  beforeEach(() => following(true));

  it("share an answer, also with one that has not met the model", async () => {
    await sum();
    expect(await sum()).toBe("premium 103 (redis)");
    const other = await another();
    // Asked for before the model was met, it is not found in the isolate under what it means since.
    expect([await sum(other), await sum(other)]).toEqual(Array(2).fill("premium 103 (redis)"));
    expect(await sum(other)).toBe("premium 103 (isolate)");
  });

  it("do not share one of before it moved with those that know of it", async () => {
    await sum();
    await point(2, { "2": 100 });
    const other = await another();
    expect(await sum(other)).toMatch(/^fast 3/);
    expect(await sum(other)).toBe("premium 203 (redis)");
  });

  it("wait no longer for the model's deployment than for Redis, when the store is slow", async () => {
    const gate = isolate.core.store.holdNext("get large/deployment.json");
    const asked = isolate.sum(1, 2);
    for (let step = 0; step < 3; step += 1) await isolate.core.clock.advance(100);
    expect(await asked).toMatch(/^fast 3/);
    gate.open();
    await isolate.inBackground();
  });
});
