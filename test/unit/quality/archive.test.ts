import { gunzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { createNodeDigest } from "../../../infra/local/node-digest.ts";
import { createMemoryObjectStore } from "../../../src/adapters/memory/object-store.ts";
import { createMemoryPredictionStore } from "../../../src/adapters/memory/prediction-store.ts";
import { gzip } from "../../../src/adapters/web-platform/gzip.ts";
import type { PredictionRecord } from "../../../src/core/model/prediction-record.ts";
import { fail } from "../../../src/core/model/result.ts";
import type { PredictionStore } from "../../../src/core/ports/prediction-store.ts";
import { archiveRecords } from "../../../src/core/quality/archive/archive-records.ts";
import { setOutcome } from "../../../src/core/quality/set-outcome.ts";
import { runTick } from "../../../src/cron/run-tick.ts";
import { createChaosStore } from "../../support/chaos-store.ts";
import { countingIds } from "../../support/counting-ids.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import { must } from "../../support/must.ts";
import { addRecords, aRecord } from "../../support/records.ts";
import { createTestCore } from "../../support/test-core.ts";

const BUDGET = { budgetMs: 60_000 };

async function createSubject(...records: readonly PredictionRecord[]) {
  const clock = createManualClock();
  const predictions = createMemoryPredictionStore(clock);
  await addRecords(predictions, records, clock.now());
  const bucket = createMemoryObjectStore({ digest: createNodeDigest() });
  const store = createChaosStore(bucket);
  const newId = countingIds("object");
  return { deps: { predictions, store, gzip, clock, newId }, bucket, store };
}

/** Lines of the archive by their object, `[key, id, rev]` each. */
async function linesOf({ bucket }: Awaited<ReturnType<typeof createSubject>>) {
  const { objects } = must(await bucket.list("predictions/", { deadlineMs: 1 }));
  const lines: (readonly [key: string, line: Record<string, unknown>])[] = [];
  for (const { key } of objects) {
    const { bytes } = must(await bucket.get(key, { deadlineMs: 1, maxBytes: 1_000_000 }));
    for (const line of gunzipSync(bytes).toString("utf8").trim().split("\n")) {
      lines.push([key, JSON.parse(line)]);
    }
  }
  return lines;
}

it("writes records by the hour of their answer, once, as lines of gzip", async () => {
  const [a, b, c] = [
    aRecord({ id: "a", at: "2026-11-20T10:59:59.999Z" }),
    aRecord({ id: "b", at: "2026-11-20T11:00:00.000Z" }),
    aRecord({ id: "ünï", at: "2026-11-20T10:00:00.000Z" }),
  ];
  const subject = await createSubject(a, b, c);
  const report = await archiveRecords(subject.deps, BUDGET);
  expect(report).toEqual({ records: 3, objects: 2, done: true });
  expect(await linesOf(subject)).toEqual([
    ["predictions/2026/11/20/10/object-1.ndjson.gz", { ...a, rev: 1 }],
    ["predictions/2026/11/20/10/object-1.ndjson.gz", { ...c, rev: 1 }],
    ["predictions/2026/11/20/11/object-2.ndjson.gz", { ...b, rev: 1 }],
  ]);
  expect(await archiveRecords(subject.deps, BUDGET)).toEqual({
    records: 0,
    objects: 0,
    done: true,
  });
});

it("writes a record again when its outcome comes, with a higher revision", async () => {
  const subject = await createSubject(aRecord({ id: "a" }), aRecord({ id: "b" }));
  await archiveRecords(subject.deps, BUDGET);
  await setOutcome(subject.deps, { id: "a", value: "b" });
  expect(await archiveRecords(subject.deps, BUDGET)).toMatchObject({ records: 1 });
  const lines = await linesOf(subject);
  expect(lines.map(([, { id, rev }]) => [id, rev])).toEqual([
    ["a", 1],
    ["b", 1],
    ["a", 2],
  ]);
  expect(lines[2]?.[1]).toMatchObject({ outcome: { value: "b" } });
});

it("loses nothing when it dies between writing and marking", async () => {
  const subject = await createSubject(aRecord({ id: "a" }), aRecord({ id: "b" }));
  const dying: PredictionStore = {
    ...subject.deps.predictions,
    markArchived: async () => fail({ reason: "unreachable", detail: "the test cut the line" }),
  };
  const died = await archiveRecords({ ...subject.deps, predictions: dying }, BUDGET);
  expect(died).toMatchObject({ done: false, failure: { reason: "redis_unavailable" } });
  await archiveRecords(subject.deps, BUDGET);
  const ids = (await linesOf(subject)).map(([, { id, rev }]) => `${id} ${rev}`);
  // Twice each: a reader takes one of each id.
  expect([...new Set(ids)].sort()).toEqual(["a 1", "b 1"]);
});

it("stops at a bucket that does not take it, and goes on from there", async () => {
  const subject = await createSubject(aRecord({ id: "a" }));
  subject.store.break("put predictions/", "unreachable");
  expect(await archiveRecords(subject.deps, BUDGET)).toMatchObject({ records: 0, done: false });
  subject.store.mend();
  expect(await archiveRecords(subject.deps, BUDGET)).toMatchObject({ records: 1, done: true });
});

it("goes through more than fit into one round", async () => {
  const records = Array.from({ length: 1_234 }, (_, index) => aRecord({ id: `id-${index}` }));
  const subject = await createSubject(...records);
  expect(await archiveRecords(subject.deps, BUDGET)).toEqual({
    records: 1_234,
    objects: 3,
    done: true,
  });
  expect(await archiveRecords(subject.deps, { budgetMs: 0 })).toMatchObject({ done: false });
});

it("is run and reported by the hour's cron", async () => {
  const core = createTestCore();
  const { deps } = await createSubject(aRecord({ id: "a" }));
  await runTick({ ...core.deps, archive: deps }, core.context, "0 * * * *");
  const report = core.deps.cron.reports.get("0 * * * *");
  expect(report).toMatchObject({ archive: { records: 1, objects: 1, done: true } });
  expect(report?.backup).toBeUndefined();
});
