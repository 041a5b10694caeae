import { afterAll, beforeAll, describe, type ExpectStatic, it, vi } from "vitest";
import { deploymentKey, manifestKey, modelBytesKey } from "../../../src/core/model/keys.ts";
import type { ProxyFault } from "../../support/fault-proxy.ts";
import { answer, blackHole, reset, s3Error } from "../../support/fault-server.ts";
import { type FaultyStack, startFaultyStack } from "../../support/faulty-stack.ts";
import { askIris, irisBytes } from "../../support/iris.ts";
import {
  cutChunked,
  drip,
  htmlPage,
  latency,
  otherJson,
  resetAfter,
  truncate,
  wrongEtag,
} from "../../support/proxy-faults.ts";
import { publish, putDeployment, putVersion } from "../../support/publish.ts";

// Most of a cell's time is waiting for a deadline: each has a model of its own, so all may wait at once.
vi.setConfig({ maxConcurrency: 24 });

const REVALIDATE_MS = 200;
/** Past the longest deadline of a read (20 s for bytes) and the 30 s for which a broken version is believed broken. */
const PATIENCE_MS = 90_000;

/** What a cold model answers meanwhile: `right` where the fault takes nothing from the answer. */
type Meanwhile = "right" | "refused";

const FAULTS: readonly (readonly [fault: string, fault: ProxyFault, meanwhile: Meanwhile])[] = [
  ["latency", latency(300), "right"],
  ["a reset before the headers", reset, "refused"],
  ["a reset after the headers", resetAfter(0), "refused"],
  ["a reset after 40 bytes", resetAfter(40), "refused"],
  ["a black hole", blackHole, "refused"],
  ["a truncation after 40 bytes", truncate(40), "refused"],
  ["a chunked body cut after 40 bytes", cutChunked(40), "refused"],
  ["a slow drip", drip(2), "refused"],
  ["a wrong ETag", wrongEtag('"wrong"'), "right"],
  ["404 of a missing bucket", s3Error(404, "NoSuchBucket"), "refused"],
  ["404 of a page", answer(404, "<html>no such page</html>"), "refused"],
  ["409", s3Error(409, "OperationAborted"), "refused"],
  ["412", s3Error(412, "PreconditionFailed"), "refused"],
  ["503", s3Error(503, "ServiceUnavailable"), "refused"],
  ["throttling", s3Error(503, "SlowDown"), "refused"],
  ["a page in HTML", htmlPage('"page"'), "refused"],
  ["JSON of another service", otherJson('"other"'), "refused"],
];

const PLACES = [
  ["the pointer", (model: string, _version: string) => deploymentKey(model)],
  ["the manifest", manifestKey],
  ["the bytes", modelBytesKey],
] as const;

const CELLS = PLACES.flatMap(([place, keyOf]) =>
  FAULTS.map(([name, fault, meanwhile]) => ({ name, place, fault, meanwhile, keyOf })),
);

/** Faults that leave nothing of the store's own answer: where its 404 comes through, it is one. */
const SILENCING = FAULTS.filter(([name, , meanwhile]) => {
  const isOfTheBody = /after|slow drip/.test(name);
  return meanwhile === "refused" && !isOfTheBody;
});

// Groups and cells alike run side by side.
describe.concurrent("invariant 5: a timeout or error of S3 is never read as a hit or as absent", () => {
  let setup: FaultyStack;
  let models = 0;

  beforeAll(async () => {
    // Without Redis a check of freshness reads the bucket.
    setup = await startFaultyStack({
      REVALIDATE_MS: `${REVALIDATE_MS}`,
      USE_CACHE: "false",
      UPSTASH_REDIS_REST_URL: "",
    });
  });
  afterAll(() => setup.stop());

  const newModel = () => {
    models += 1;
    return { model: `m${models}`, first: irisBytes(2 * models), second: irisBytes(2 * models + 1) };
  };
  const ask = (model: string) => askIris(setup.stack.url, model);
  const readsOf = (key: string) => new RegExp(`^GET ${key}$`);
  const becomesRight = (expect: ExpectStatic, model: string, version: string) =>
    expect
      .poll(
        async () => {
          const { isRight, version } = await ask(model);
          return [isRight, version];
        },
        { timeout: PATIENCE_MS, interval: 500 },
      )
      .toEqual([true, version]);

  describe("in a model that was never asked for", () => {
    it.for(CELLS)(
      "$name at $place: $meanwhile, and right afterwards",
      {
        timeout: 2 * PATIENCE_MS,
      },
      async ({ fault, meanwhile, keyOf }, { expect }) => {
        const { model, first } = newModel();
        await publish(setup.store, model, first);
        const injected = setup.s3.inject(readsOf(keyOf(model, "1")), fault);
        const { isRight, status, headers, error = "" } = await ask(model);
        expect(injected.hits).toBeGreaterThan(0);
        if (meanwhile === "right") expect([isRight, status]).toEqual([true, 200]);
        else {
          expect([status, Number(headers.get("retry-after")) > 0]).toEqual([503, true]);
          expect(error).not.toMatch(/there is no model|127\.0\.0\.1/);
        }
        injected.lift();
        await becomesRight(expect, model, "1");
      },
    );
  });

  describe("in a model that is served, when a new version comes", () => {
    it.for(CELLS)(
      "$name at $place: the old one answers, and the new one afterwards",
      {
        timeout: 2 * PATIENCE_MS,
      },
      async ({ fault, meanwhile, keyOf }, { expect }) => {
        const { model, first, second } = newModel();
        await publish(setup.store, model, first);
        expect((await ask(model)).isRight).toBe(true);
        const injected = setup.s3.inject(readsOf(keyOf(model, "2")), fault);
        await putVersion(setup.store, model, "2", second);
        await putDeployment(setup.store, model, 2, { production: { "2": 100 } });
        const meetsFault = async () => {
          const { isRight, status, version } = await ask(model);
          expect([isRight, status]).toEqual([true, 200]);
          if (meanwhile === "refused") expect(version).toBe("1");
          return injected.hits;
        };
        const patience = { timeout: PATIENCE_MS, interval: 100 };
        await expect.poll(meetsFault, patience).toBeGreaterThan(0);
        // After the fault was met, and while it lasts.
        await meetsFault();
        injected.lift();
        await becomesRight(expect, model, "2");
      },
    );
  });

  describe("in a model that there is not", () => {
    it.for(SILENCING)(
      "%s at the pointer: refused and not remembered, no such model afterwards",
      async ([, fault], { expect }) => {
        const { model } = newModel();
        const injected = setup.s3.inject(readsOf(deploymentKey(model)), fault);
        expect((await ask(model)).status).toBe(503);
        injected.lift();
        const { status, error } = await ask(model);
        expect([status, error]).toEqual([404, `there is no model '${model}'`]);
      },
    );
  });
});
