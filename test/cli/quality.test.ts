import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Stack } from "../../infra/local/stack.ts";
import { createUpstashPredictionStore } from "../../src/adapters/upstash/prediction-store.ts";
import type { PredictionStore } from "../../src/core/ports/prediction-store.ts";
import { must } from "../support/must.ts";
import { aDraft, aRecord } from "../support/records.ts";
import { type RedisDoor, startRedisDoor } from "../support/redis-door.ts";
import { startTestStack } from "../support/stack.ts";
import { cliFor, jsonOf } from "./run-cli.ts";
import { writeTemporary } from "./write-fixture.ts";

const MODEL = "iris-logreg";

describe("outcomes, accuracy and statistics by command line", () => {
  let door: RedisDoor;
  let stack: Stack;
  let store: PredictionStore;
  let freshet: ReturnType<typeof cliFor>;
  beforeAll(async () => {
    door = await startRedisDoor();
    stack = await startTestStack(door.vars);
    freshet = cliFor(stack.url);
    store = createUpstashPredictionStore({
      url: door.vars.UPSTASH_REDIS_REST_URL ?? "",
      token: door.vars.UPSTASH_REDIS_REST_TOKEN ?? "",
      keyPrefix: "freshet:dev:",
    });
  });
  afterAll(async () => {
    await stack?.stop();
    await door?.stop();
  });

  const add = async (...ids: readonly string[]) => {
    const now = Date.now();
    const drafts = ids.map((id, index) => {
      const at = new Date(now - (index % 3) * 86_400_000 - index).toISOString();
      return aDraft(aRecord({ id, model: MODEL, at }));
    });
    must(await store.add(drafts, now, 10_000));
  };

  it("sets an outcome, shows it, and tells a conflict", async () => {
    await add("one");
    const set = await freshet("outcome", "set", "one", "b", "--at", "2026-11-28T11:00:00+01:00");
    expect(set).toMatchObject({
      code: 0,
      out: "one was b (2026-11-28 10:00:00), not as answered\n",
    });
    const shown = await freshet("prediction", "show", "one");
    expect(shown.out).toMatch(/^outcome +b \(2026-11-28 10:00:00\)$/m);
    expect(shown.out).toMatch(/^answer +a \(80\.0%\)$/m);
    const other = await freshet("outcome", "set", "one", "a");
    expect(other).toMatchObject({
      code: 1,
      err: expect.stringMatching(/another outcome, "b" of [\dT:.Z-]+\. --replace puts yours/),
    });
    const replaced = await freshet("outcome", "set", "one", "a", "--replace");
    expect(replaced.out).toMatch(/, as answered$/m);
    expect((await freshet("outcome", "set", "none", "a")).code).toBe(1);
    expect((await freshet("prediction", "show", "none")).err).toMatch(/record\.rate/);
  });

  it("imports files of outcomes, and tells how right the model was", async () => {
    const ids = Array.from({ length: 1_200 }, (_, index) => `many-${index}`);
    for (let at = 0; at < ids.length; at += 100) await add(...ids.slice(at, at + 100));
    const lines = ids.map((id, index) => `${id},${index % 4 === 0 ? "b" : "a"}`);
    const csv = await writeTemporary("truths.csv", `prediction_id,value\n${lines.join("\n")}\n`);
    const imported = await freshet("outcome", "import", csv);
    expect(imported).toMatchObject({ code: 0, out: "1200 outcomes recorded, 900 as answered\n" });
    // Once more: the same, and nothing is counted twice.
    expect((await freshet("outcome", "import", csv)).code).toBe(0);

    const accuracy = await freshet("accuracy", MODEL);
    expect(accuracy.out).toMatch(/^VERSION +OUTCOMES +COVERAGE +ACCURACY/m);
    expect(accuracy.out).toMatch(/^1 +1201 +100\.0% +0\.7502/m);
    const days = [2, 0].map((before) => {
      return new Date(Date.now() - before * 86_400_000).toISOString().slice(0, 10);
    });
    expect(accuracy.out).toMatch(/^accuracy by day {2}[▁-█]{3} {2}/m);
    expect(accuracy.out).toContain(`, ${days.join(" to ")}`);
    const told = await jsonOf(freshet("accuracy", MODEL, "--by", "route", "--json"));
    expect(told).toMatchObject({
      groups: [{ key: "production:1", n: 1201, metrics: { accuracy: 901 / 1201 } }],
    });
    const statistics = await freshet("statistics", MODEL, "--window", "30d");
    expect(statistics.out).toMatch(/^1 +1201 +0\.0% +100\.0% .* a=1201$/m);
    expect(statistics.out).toMatch(/^predictions by day {2}[▁-█]{3} {2}.* to /m);
    expect(statistics.out).toMatch(/^confidence p50 by day {2}[▁-█]{3} {2}/m);
  });

  it("ends with 1 when lines fail, the others kept", async () => {
    await add("kept");
    const file = await writeTemporary(
      "truths.ndjson",
      '{"prediction_id":"kept","value":"a"}\n{"prediction_id":"gone","value":"a"}\n{oops\n',
    );
    const imported = await freshet("outcome", "import", file);
    expect(imported.code).toBe(1);
    expect(imported.out).toMatch(/^1 outcome recorded, 1 as answered\n {2}line 2 \(gone\): /);
    expect(imported.err).toMatch(/2 of 3 outcomes failed/);
    expect((await freshet("prediction", "list", MODEL, "--settled")).out).toMatch(/^kept /m);
  });

  it("says in its own words how another outcome is replaced", async () => {
    await add("settled");
    await freshet("outcome", "set", "settled", "a");
    const file = await writeTemporary("truths.csv", "prediction_id,value\nsettled,b\n");
    const { code, out } = await freshet("outcome", "import", file);
    expect(code).toBe(1);
    expect(out).toMatch(/another outcome, "a" of [^ ]+: `true` as its `replace` puts yours/);
    expect(out).not.toMatch(/replace: true/);
  });

  it("records nothing of a file that has a column twice, or is not UTF-8", async () => {
    await add("twofold");
    const twice = await writeTemporary("twice.csv", "prediction_id,value,value\ntwofold,a,b\n");
    expect(await freshet("outcome", "import", twice)).toMatchObject({
      code: 2,
      err: expect.stringMatching(/column 'value' stands in the header more than once/),
    });
    const latin = Buffer.from("prediction_id,value\ntwofold,M\xfcller\n", "latin1");
    const file = await writeTemporary("latin.csv", latin);
    expect(await freshet("outcome", "import", file)).toMatchObject({
      code: 2,
      err: expect.stringMatching(/latin\.csv is not UTF-8 at byte 29/),
    });
    expect(await jsonOf(freshet("prediction", "show", "twofold", "--json"))).not.toHaveProperty(
      "outcome",
    );
  });

  it("says of how many answers a figure is, where that is not all of them", async () => {
    const at = new Date().toISOString();
    const outputs = [
      { output: { label: "a", probabilities: { a: 0.75, b: 0.25 } }, confidence: 0.75 },
      { output: { label: "a" }, confidence: undefined },
      { output: {}, confidence: undefined },
    ];
    const drafts = outputs.map((more, place) => {
      return aDraft(aRecord({ id: `partly-${place}`, model: "partly", at, ...more }));
    });
    must(await store.add(drafts, Date.now(), 10_000));
    for (const { record } of drafts) await freshet("outcome", "set", record.id, "a");
    const told = await freshet("accuracy", "partly");
    expect(told.out).toMatch(/^1 +3 +100\.0% +1 +1 +0\.2877 +0\.125$/m);
    expect(told.out).toContain(
      "1: log loss and Brier score are of 1 of 2 answers: the others had no probabilities\n1: 1 of 3 outcomes are in no figure: ",
    );
    // One day makes no trend.
    expect(told.out).not.toContain("by day");
  });

  it("says what is wrong with the command line", async () => {
    expect((await freshet("outcome", "import", "/nowhere.csv")).code).toBe(2);
    expect((await freshet("outcome", "import", "truths.json")).code).toBe(2);
    expect((await freshet("prediction", "list", `${MODEL}@staging`)).code).toBe(2);
    expect((await freshet("prediction", "list", MODEL, "--open", "--settled")).code).toBe(2);
    expect((await freshet("accuracy", MODEL, "--window", "1h")).code).toBe(1);
  });
});
