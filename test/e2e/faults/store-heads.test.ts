import { afterAll, beforeAll, describe, it, vi } from "vitest";
import { historyKey, modelBytesKey } from "../../../src/core/model/keys.ts";
import { callApi } from "../../support/call-api.ts";
import type { ProxyFault } from "../../support/fault-proxy.ts";
import { blackHole, reset, s3Error } from "../../support/fault-server.ts";
import { type FaultyStack, startFaultyStack } from "../../support/faulty-stack.ts";
import { askIris } from "../../support/iris.ts";
import { answerLost, htmlPage, latency } from "../../support/proxy-faults.ts";
import { findProblems, snapshotVersions } from "../../support/registry-invariants.ts";
import { revOf, seedModel } from "../../support/seeded-model.ts";
import { fireCron } from "../../support/worker-fleet.ts";

vi.setConfig({ maxConcurrency: 8, testTimeout: 60_000 });

const MARKS_OF_ONE = 4;

/** A HEAD has no body that could suffer; of its 404 nobody can tell whose it is. */
const FAULTS: readonly (readonly [name: string, fault: ProxyFault, isHarmless?: boolean])[] = [
  ["latency", latency(300), true],
  ["a reset before the headers", reset],
  ["a reset instead of the answer", answerLost],
  ["a black hole", blackHole],
  ["a storm of 503", s3Error(503, "InternalError")],
  ["throttling", s3Error(503, "SlowDown")],
  ["409", s3Error(409, "OperationAborted")],
  ["412", s3Error(412, "PreconditionFailed")],
  ["a page in HTML", htmlPage()],
];

const PLACES = [
  [
    "the bytes of a version, when an alias is to move to it",
    (model: string) => modelBytesKey(model, "3"),
  ],
  [
    "the end of the history, when a pointer moves",
    (model: string, rev: number) => historyKey(model, rev + 1),
  ],
] as const;

describe("invariant 5: a HEAD that goes wrong is never read as absent", () => {
  let setup: FaultyStack;
  let models = 0;

  beforeAll(async () => {
    setup = await startFaultyStack({
      REVALIDATE_MS: "200",
      USE_CACHE: "false",
      UPSTASH_REDIS_REST_URL: "",
    });
  });
  afterAll(() => setup.stop());

  async function newModel() {
    models += 1;
    const model = `m${models}`;
    const rev = await seedModel(setup.store, model, models * MARKS_OF_ONE);
    return { model, rev, before: await snapshotVersions(setup.store, model) };
  }

  describe.concurrent.each(PLACES)("at %s", (_, keyOf) => {
    it.for(FAULTS)(
      "%s: refused, and done at once afterwards",
      async ([, fault, isHarmless], { expect }) => {
        const { model, rev, before } = await newModel();
        const ask = () =>
          callApi(setup.stack.url, "PUT", `/v1/models/${model}/aliases/canary`, { version: "3" });
        const injected = setup.s3.inject(new RegExp(`^HEAD ${keyOf(model, rev)}$`), fault);
        const during = await ask();
        expect(injected.hits).toBeGreaterThan(0);
        injected.lift();
        const expected = isHarmless ? [200, undefined] : [503, "store_unavailable"];
        expect([during.status, during.body.code]).toEqual(expected);
        if (!isHarmless) expect(Number(during.headers.get("retry-after"))).toBeGreaterThan(0);
        expect((await ask()).status).toBe(200);
        expect(await revOf(setup.store, model)).toBe(rev + 1);
        expect(await findProblems(setup.store, model, before)).toEqual([]);
      },
    );
  });

  describe("at the bytes under a loaded version, when the cron looks", () => {
    let model: string;

    beforeAll(async () => {
      model = (await newModel()).model;
    });

    it.for(FAULTS)(
      "%s: says nothing of the version, which is served on",
      async ([, fault, isHarmless], { expect }) => {
        const { url } = setup.stack;
        expect(await askIris(url, model)).toMatchObject({ isRight: true, version: "2" });
        const injected = setup.s3.inject(new RegExp(`^HEAD ${modelBytesKey(model, "2")}$`), fault);
        await expect
          .poll(() => fireCron(setup.stack).then(() => injected.hits), { timeout: 40_000 })
          .toBeGreaterThan(0);
        injected.lift();
        const { last } = (await callApi(url, "GET", "/v1/cron")).body.crons[0];
        expect(last.objects.unknown ?? 0).toBe(isHarmless ? 0 : 1);
        const { models: known } = (await callApi(url, "GET", "/v1/cache/status")).body;
        const status = known.find(({ name }: { name: string }) => name === model);
        expect([status.version, status.degraded]).toEqual(["2", undefined]);
        expect(await askIris(url, model)).toMatchObject({ isRight: true, version: "2" });
      },
    );
  });
});
