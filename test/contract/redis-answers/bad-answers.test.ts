import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createUpstashConversationStore } from "../../../src/adapters/upstash/conversation-store.ts";
import { createUpstashEntityStore } from "../../../src/adapters/upstash/entity-store.ts";
import { createUpstashPredictionStore } from "../../../src/adapters/upstash/prediction-store.ts";
import type { EntityContent } from "../../../src/core/model/entity.ts";
import type { ConversationStore } from "../../../src/core/ports/conversation-store.ts";
import type { EntityStore } from "../../../src/core/ports/entity-store.ts";
import type { PredictionStore } from "../../../src/core/ports/prediction-store.ts";
import { type Fault, type FaultServer, startFaultServer } from "../../support/fault-server.ts";
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

const SETTLE_CALLS: Readonly<Record<string, Call<PredictionStore>>> = {
  "what is next to settle": (predictions, deadlineMs) =>
    predictions.nextToSettle(finishing, { limit: 1, again: true }, 1, deadlineMs),
  "a settling": (predictions, deadlineMs) => predictions.settle(settling, [gone], 1, deadlineMs),
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

describe("what the predictions over Upstash make of a bad answer while they are settled", () => {
  describeBadAnswers(() => server, createUpstashPredictionStore, SETTLE_CALLS, [
    ["nothing", result(null), "refused"],
    ["a number", result(7), "refused"],
    ["too few texts", texts("1", "0", "0", "0"), "refused"],
    ["texts that are no numbers", texts("1", "a", "b", "c", "d", "e"), "refused"],
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
