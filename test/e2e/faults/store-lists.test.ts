import { afterAll, beforeAll, describe, it, vi } from "vitest";
import { type LocalS3, startLocalS3 } from "../../../infra/local/s3.ts";
import { listKeys } from "../../../src/core/lifecycle/list-keys.ts";
import { s3Store } from "../../contract/object-store/s3-store.ts";
import { callApi } from "../../support/call-api.ts";
import { type FaultyStack, startFaultyStack } from "../../support/faulty-stack.ts";
import { askIris, irisBytes } from "../../support/iris.ts";
import { expectWhole, itemsOf, listFaultsWith } from "../../support/list-faults.ts";
import { must } from "../../support/must.ts";
import { jsonBytes, publish } from "../../support/publish.ts";
import { seedModel } from "../../support/seeded-model.ts";
import { fireCron } from "../../support/worker-fleet.ts";

// Cells wait for deadlines, or for those before them that read the same listing.
vi.setConfig({ maxConcurrency: 500, testTimeout: 60_000 });

/** A listing that cells share: one after another reads it. */
interface Place {
  readonly place: string;
  /** The line of the listing. */
  readonly match: RegExp;
  readonly requests: readonly (readonly [method: string, path: string])[];
}

const PLACES: readonly Place[] = [
  {
    place: "a model's versions",
    match: /^GET \?.*prefix=models\/m0\/versions\//,
    requests: [["GET", "/v1/models/m0/versions"]],
  },
  {
    place: "a model's history",
    match: /^GET \?.*prefix=models\/m0\/history\//,
    requests: [["GET", "/v1/models/m0/history"]],
  },
  {
    place: "models",
    match: /^GET \?.*prefix=models\/&delimiter=\/(&continuation|$)/,
    requests: [["GET", "/v1/models"]],
  },
  {
    place: "bundles",
    match: /^GET \?.*prefix=bundles\/(&|$)/,
    requests: [["GET", "/v1/bundles"]],
  },
  {
    place: "the audit",
    match: /^GET \?.*prefix=audit\//,
    requests: [
      ["GET", "/v1/audit"],
      ["GET", "/v1/audit/verify"],
    ],
  },
];

let second: LocalS3;
let setup: FaultyStack;

beforeAll(async () => {
  second = await startLocalS3();
  setup = await startFaultyStack({
    REVALIDATE_MS: "200",
    USE_CACHE: "false",
    UPSTASH_REDIS_REST_URL: "",
    BACKUP_S3_ENDPOINT: second.config.endpoint,
    BACKUP_S3_BUCKET: second.config.bucket,
    BACKUP_S3_ACCESS_KEY_ID: second.config.accessKeyId,
    BACKUP_S3_SECRET_ACCESS_KEY: second.config.secretAccessKey,
  });
  await seedModel(setup.store, "m0", 0);
  for (const nth of [1, 2]) await publish(setup.store, `m${nth}`, irisBytes(10 * nth));
  const bundle = jsonBytes({ name: "all", references: ["m0"], rev: 1 });
  must(await setup.store.put("bundles/all.json", bundle, { deadlineMs: 10_000 }));
  await call("PUT", "/v1/models/m0/aliases/canary", { version: "3" });
  await call("POST", "/v1/backup/run");
});
afterAll(async () => {
  await setup.stop();
  await second.stop();
});

const call = (method: string, path: string, body?: unknown) =>
  callApi(setup.stack.url, method, path, body);

describe.concurrent("invariant 5: a listing that goes wrong is never read as a shorter one", () => {
  const lanes = new Map<string, Promise<unknown>>();

  /** One at a time of those that read the same listing. */
  function inLane<T>(lane: string, work: () => Promise<T>): Promise<T> {
    const done = (lanes.get(lane) ?? Promise.resolve()).then(work);
    lanes.set(
      lane,
      done.catch(() => undefined),
    );
    return done;
  }

  describe.each(PLACES)("of $place", ({ place, match, requests }) => {
    it.for(listFaultsWith(place === "models" ? "a slow drip" : "a black hole"))(
      "$name: refused whole, and whole again afterwards",
      (cell, { expect }) =>
        inLane(place, async () => {
          const ask = () => Promise.all(requests.map((request) => call(...request)));
          const read = async () => (await ask()).map(({ body }) => itemsOf(body));
          const before = await read();
          expect(before.flat().length).toBeGreaterThanOrEqual(requests.length);
          const injected = setup.s3.inject(match, cell.fault);
          for (const [index, answer] of (await ask()).entries()) {
            expectWhole(expect, answer, cell, before[index] ?? []);
          }
          expect(injected.hits).toBeGreaterThanOrEqual(requests.length);
          injected.lift();
          // The backup adds to the audit meanwhile; nothing takes anything away.
          const whole = before.map((items) => expect.arrayContaining([...items]));
          expect(await read()).toEqual(whole);
        }),
    );
  });

  describe("of a model's versions, when one is published", () => {
    let published = 1;

    it.for(listFaultsWith("a black hole"))("$name: no number is given twice", (cell, { expect }) =>
      inLane("publish", async () => {
        published += 1;
        const bytes = irisBytes(20 + published);
        const send = () => call("POST", "/v1/models/m2/versions?alias=staging", bytes);
        const injected = setup.s3.inject(/^GET \?.*prefix=models\/m2\/versions\//, cell.fault);
        const { status, body } = await send();
        expect([status, body.code]).toEqual(
          cell.isHarmless ? [201, undefined] : [503, "store_unavailable"],
        );
        expect(injected.hits).toBeGreaterThan(0);
        injected.lift();
        expect((await send()).body.version).toBe(`${published}`);
        expect(await askIris(setup.stack.url, "m2")).toMatchObject({ isRight: true, version: "1" });
      }),
    );
  });

  describe("of models, when the cron looks for new ones", () => {
    const discovery = /^GET \?.*prefix=models\/&.*max-keys=100$/;
    const failed = async () => {
      const { body } = await call("GET", "/v1/cron");
      return body.crons[0].last.refreshed.failed.map(({ model }: { model: string }) => model);
    };

    it.for(listFaultsWith("a black hole"))(
      "$name: what is served is served on, and told",
      (cell, { expect }) =>
        inLane("the cron", async () => {
          expect((await askIris(setup.stack.url, "m1")).isRight).toBe(true);
          const injected = setup.s3.inject(discovery, cell.fault);
          await fireCron(setup.stack);
          expect(injected.hits).toBeGreaterThan(0);
          // What comes after the page it asks for at the next tick.
          const isWhole = cell.isHarmless === true || cell.name.startsWith("the same next page");
          expect((await failed()).includes("*")).toBe(!isWhole);
          expect((await askIris(setup.stack.url, "m1")).isRight).toBe(true);
          injected.lift();
          // A place that the store does not know is given up, and the list begun anew.
          await fireCron(setup.stack);
          await fireCron(setup.stack);
          expect(await failed()).not.toContain("*");
        }),
    );
  });
});

// Afterwards: a backup reads what the cells before make wrong.
describe("a backup whose listing goes wrong", () => {
  const copies = async () =>
    must(await listKeys(s3Store(second.config), "models/")).map(({ key }) => key);

  // One deadline after another is what the others have waited for together.
  it.for(listFaultsWith(undefined))(
    "tells of it and takes no copy away: $name",
    async (cell, { expect }) => {
      const before = await copies();
      expect(before.length).toBeGreaterThan(5);
      const injected = setup.s3.inject(/^GET \?.*prefix=models\/(&continuation|$)/, cell.fault);
      const { status, body } = await call("POST", "/v1/backup/run");
      expect(injected.hits).toBeGreaterThan(0);
      expect([status, body.failures > 0]).toEqual([200, cell.isHarmless !== true]);
      injected.lift();
      expect(await copies()).toEqual(expect.arrayContaining(before));
    },
  );
});
