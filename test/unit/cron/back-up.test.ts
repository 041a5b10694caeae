import { expect, it } from "vitest";
import { runTick } from "../../../src/cron/run-tick.ts";
import { createTestCore } from "../../support/test-core.ts";
import { contentOf, createTwoBuckets, fillRegistry } from "../../support/two-buckets.ts";

it("the hour's cron backs up, and confirms no deployment", async () => {
  const core = createTestCore();
  const buckets = createTwoBuckets();
  await fillRegistry(buckets);
  await runTick({ ...core.deps, backup: buckets.deps }, core.context, "0 * * * *");
  expect(await contentOf(buckets.backupBucket)).toEqual(await contentOf(buckets.bucket));
  expect(core.story()).toEqual([]);
  expect(core.deps.cron.reports.get("0 * * * *")).toMatchObject({
    lease: "none",
    backup: { copied: expect.any(Number), unchanged: 0, failures: 0, done: true },
  });
});

it("the hour's cron does nothing without a second bucket", async () => {
  const core = createTestCore();
  await runTick(core.deps, core.context, "0 * * * *");
  expect(core.story()).toEqual([]);
});

it("the minute's cron backs nothing up", async () => {
  const core = createTestCore();
  const buckets = createTwoBuckets();
  await runTick({ ...core.deps, backup: buckets.deps }, core.context, "* * * * *");
  expect(buckets.calls()).toEqual([]);
});
