import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createUpstashConversationStore } from "../../../src/adapters/upstash/conversation-store.ts";
import { createUpstashEntityStore } from "../../../src/adapters/upstash/entity-store.ts";
import { createUpstashPredictionStore } from "../../../src/adapters/upstash/prediction-store.ts";
import type { EntityContent } from "../../../src/core/model/entity.ts";
import type { ConversationStore } from "../../../src/core/ports/conversation-store.ts";
import type { EntityStore } from "../../../src/core/ports/entity-store.ts";
import type { PredictionStore } from "../../../src/core/ports/prediction-store.ts";
import { type Fault, type FaultServer, startFaultServer } from "../../support/fault-server.ts";
import { aDraft, aRecord } from "../../support/records.ts";
import {
  type BadAnswer,
  base64,
  type Call,
  configAt,
  describeBadAnswers,
  failed,
  LONG_MS,
  result,
} from "./suite.ts";

const texts = (...words: readonly string[]): Fault => result(words.map(base64));

const content: EntityContent = {
  state: "open",
  features: { a: "VALUEVALUE" },
  createdAtMs: 1,
  updatedAtMs: 1,
};
const event = { category: "a", resource: "b", scene: "", isValid: true, text: '"VALUEVALUE"' };
const query = { latest: false, limit: 10, maxBytes: 1_000 };

const MAX_BYTES = 1_000;

const ENTITY_CALLS: Readonly<Record<string, Call<EntityStore>>> = {
  "a reading": (entities, deadlineMs) => entities.getMany("match", ["a"], deadlineMs, MAX_BYTES),
  "a write": (entities, deadlineMs) =>
    entities.swapMany("match", [{ id: "a", expectedRev: 0, content }], deadlineMs),
  "a list": (entities, deadlineMs) =>
    entities.list("match", { limit: 1, maxBytes: MAX_BYTES }, deadlineMs),
};

const EVENT_CALLS: Readonly<Record<string, Call<ConversationStore>>> = {
  "an append": (events, deadlineMs) =>
    events.append("c", [event], { maxEvents: 10, keepMs: 1_000, deadlineMs }),
  "a reading": (events, deadlineMs) => events.read("c", query, deadlineMs),
};

const finishing = { entity: { type: "match", id: "a" }, rev: 1, value: "VALUEVALUE" };
const settling = { entity: finishing.entity, round: "1" };
const gone = { kind: "gone", id: "a" } as const;

const record = aRecord({ id: "a", output: { label: "VALUEVALUE" } });
const change = {
  record,
  outcome: { value: "VALUEVALUE", at: "2026-11-28T10:00:00.000Z" },
  counters: new Map([["n", 1n]]),
  replace: false,
};
const DAY = "2026-11-28";

const PREDICTION_CALLS: Readonly<Record<string, Call<PredictionStore>>> = {
  "records that are kept": (predictions, deadlineMs) =>
    predictions.add([aDraft(record)], 1, deadlineMs),
  "a reading": (predictions, deadlineMs) => predictions.get(["a"], deadlineMs),
  "an outcome": (predictions, deadlineMs) => predictions.setOutcomes([change], 1, deadlineMs),
  "a list": (predictions, deadlineMs) => predictions.list({ model: "iris", limit: 1 }, deadlineMs),
  "the counters": (predictions, deadlineMs) => predictions.counters("iris", DAY, deadlineMs),
  "what is archived": (predictions, deadlineMs) =>
    predictions.markArchived([{ id: "a", rev: 1 }], deadlineMs),
  "who is unsettled": (predictions, deadlineMs) => predictions.unsettled(1, deadlineMs),
  "who is settled": (predictions, deadlineMs) =>
    predictions.forgetUnsettled({ entity: finishing.entity, sinceMs: 1 }, deadlineMs),
};

const UNARCHIVED: Readonly<Record<string, Call<PredictionStore>>> = {
  "what is to be archived": (predictions, deadlineMs) => predictions.unarchived(1, deadlineMs),
};

const SETTLE_CALLS: Readonly<Record<string, Call<PredictionStore>>> = {
  "what is next to settle": (predictions, deadlineMs) =>
    predictions.nextToSettle(finishing, { limit: 1, again: true }, 1, deadlineMs),
  "a settling": (predictions, deadlineMs) =>
    predictions.settle(settling, [gone], { limit: 1 }, 1, deadlineMs),
};

const OWN: readonly BadAnswer[] = [
  ["nothing", result(null), "refused"],
  ["a number", result(7), "refused"],
  ["a list of numbers", result([7, 7, 7]), "refused"],
  ["more than was asked for", texts("0", "0", "{}", "{}"), "refused"],
];

let server: FaultServer;
beforeAll(async () => {
  server = await startFaultServer();
});
afterAll(() => server.stop());

describe("what the entities over Upstash make of a bad answer", () => {
  describeBadAnswers(() => server, createUpstashEntityStore, ENTITY_CALLS, OWN);

  it.each([
    "1\nopen\n1\n1\n\n{}",
    "",
    "=",
    "=1",
    "=1\nclosed\n1\n1\n\n{}",
    "=1\nopen\n1\n1\n\n{",
    "=1\nopen\n1\n1\nx\n{}",
  ])("does not read %j as an entity", async (text) => {
    server.plan(texts(text));
    const entities = createUpstashEntityStore(configAt(server.url));
    const read = await entities.getMany("match", ["a"], LONG_MS, MAX_BYTES);
    expect(read).toMatchObject(failed("refused"));
  });
});

describe("what the predictions over Upstash make of a bad answer", () => {
  const noWords: readonly BadAnswer[] = [
    ["nothing", result(null), "refused"],
    ["a word", result(base64("VALUEVALUE")), "refused"],
    ["a list of other things", result([{ a: "VALUEVALUE" }]), "refused"],
    ["a list of nothing", result([null]), "refused"],
  ];
  // Whatever its script says is an id.
  describeBadAnswers(() => server, createUpstashPredictionStore, UNARCHIVED, noWords);
  describeBadAnswers(() => server, createUpstashPredictionStore, PREDICTION_CALLS, [
    ...noWords,
    ["words that none of its scripts says", texts("VALUEVALUE", "b", "c"), "refused"],
  ]);
  const ask = async (fault: Fault, call: Call<PredictionStore>) => {
    server.plan(fault);
    return call(createUpstashPredictionStore(configAt(server.url)), LONG_MS);
  };
  const DOC = JSON.stringify(record);
  const AT = "2026-11-28T10:00:00.000Z";

  it.each([
    ["no JSON", ["{", "1", "", "", ""]],
    ["no record", ["{}", "1", "", "", ""]],
    ["no revision", [DOC, "", "", "", ""]],
    ["a revision that is none", [DOC, "x", "", "", ""]],
    ["an outcome that is no JSON", [DOC, "2", "{", AT, ""]],
    ["an outcome at no time", [DOC, "2", '"a"', "yesterday", ""]],
    ["an outcome by somebody unknown", [DOC, "2", '"a"', AT, "nobody"]],
    ["fewer texts", [DOC, "1", "", ""]],
  ])("does not read %s as a record", async (_what, words) => {
    const read = await ask(texts(...words), (predictions, ms) => predictions.get(["a"], ms));
    expect(read).toMatchObject(failed("refused"));
  });

  it.each([
    ["a word of none", ["done", '"a"', AT, "2", ""]],
    ["no outcome", ["set", "", "", "2", ""]],
    ["no revision", ["set", '"a"', AT, "", ""]],
    ["a revision that is none", ["unchanged", '"a"', AT, "x", ""]],
    ["more than was asked for", ["absent", "", "", "", "", "absent", "", "", "", ""]],
  ])("does not read %s as what became of an outcome", async (_what, words) => {
    const told = await ask(texts(...words), (predictions, ms) =>
      predictions.setOutcomes([change], 1, ms),
    );
    expect(told).toMatchObject(failed("refused"));
  });

  it.each([
    ["a place that is none", ["x"]],
    ["a place of no record", ["1"]],
    ["a place before the first", ["-1"]],
    ["half a place", ["0.5"]],
  ])("does not read %s as a record that is there", async (_what, words) => {
    const made = await ask(texts(...words), (predictions, ms) =>
      predictions.add([aDraft(record)], 1, ms),
    );
    expect(made).toMatchObject(failed("refused"));
  });

  it.each([
    ["no time", ["a"]],
    ["a time that is none", ["a", "x"]],
    ["a time without an id", ["", "1"]],
  ])("does not read an id with %s as a page", async (_what, words) => {
    const page = await ask(texts(...words), (predictions, ms) =>
      predictions.list({ model: "iris", limit: 1 }, ms),
    );
    expect(page).toMatchObject(failed("refused"));
    expect(server.seen).toHaveLength(1);
  });

  it.each([
    ["of no day", "1:fast:production:1"],
    ["of a day that is none", "1:fast:production:1:2026-13-01"],
    ["of no name", ""],
  ])("does not read a group %s as one with counters", async (_what, name) => {
    const counted = await ask(texts(name), (predictions, ms) =>
      predictions.counters("iris", DAY, ms),
    );
    expect(counted).toMatchObject(failed("refused"));
    expect(server.seen).toHaveLength(1);
  });

  it.each([
    ["a name without a sum", ["p:n"]],
    ["a sum that is none", ["p:n", "x"]],
    ["half a one", ["p:n", "1.5"]],
  ])("does not read %s as counters", async (_what, words) => {
    server.plan(texts(`1:fast:production:1:${DAY}`), result([words.map(base64)]));
    const predictions = createUpstashPredictionStore(configAt(server.url));
    expect(await predictions.counters("iris", DAY, LONG_MS)).toMatchObject(failed("refused"));
  });

  it.each([
    ["no time", ["p:recs:entity:match:a"]],
    ["a time that is none", ["p:recs:entity:match:a", "x"]],
    ["another key", ["p:other:match:a", "1"]],
    ["no type", ["p:recs:entity:match", "1"]],
  ])("does not read %s as an entity that is unsettled", async (_what, words) => {
    const found = await ask(texts(...words), (predictions, ms) => predictions.unsettled(1, ms));
    expect(found).toMatchObject(failed("refused"));
  });
});

describe("what the predictions over Upstash make of a bad answer while they are settled", () => {
  describeBadAnswers(() => server, createUpstashPredictionStore, SETTLE_CALLS, [
    ["nothing", result(null), "refused"],
    ["a number", result(7), "refused"],
    ["too few texts", texts("1", "0", "0", "0"), "refused"],
    ["texts that are no numbers", texts("1", "a", "b", "c", "d", "e"), "refused"],
    ["an id without a record", texts("1", "0", "0", "0", "0", "0", "a"), "refused"],
    ["what is no record", texts("1", "0", "0", "0", "0", "0", "a", "{}"), "refused"],
  ]);
});

describe("what the conversations over Upstash make of a bad answer", () => {
  describeBadAnswers(() => server, createUpstashConversationStore, EVENT_CALLS, OWN);

  it.each(["", "{", "{}", "null", '{"id":"1","at":"x"}'])(
    "does not read %j as an event",
    async (text) => {
      server.plan(texts("0", "1", text));
      const events = createUpstashConversationStore(configAt(server.url));
      expect(await events.read("c", query, LONG_MS)).toMatchObject(failed("refused"));
    },
  );
});
