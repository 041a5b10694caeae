import { describe, expect, it } from "vitest";
import { manifestKey } from "../../../src/core/model/keys.ts";
import { fakeModel } from "../../support/ask.ts";
import { settle } from "../../support/manual-clock.ts";
import { putVersion } from "../../support/publish.ts";
import { createTestCore, type TestCore } from "../../support/test-core.ts";

const load = (core: TestCore, version = "1") =>
  core.deps.loader.load(core.context, "iris", version);

const gets = (core: TestCore) => core.story().filter((line) => line.startsWith("get")).length;

async function published(): Promise<TestCore> {
  const core = createTestCore();
  await putVersion(core.bucket, "iris", "1", fakeModel(7));
  return core;
}

/** A version whose digest does not match. */
const putBroken = (core: TestCore, version = "1") =>
  putVersion(core.bucket, "iris", version, fakeModel(7), { digest: "0".repeat(64) });

describe("sharing loads", () => {
  it("loads a version once for all who ask meanwhile", async () => {
    const core = await published();
    const landed = await Promise.all([load(core), load(core), load(core)]);
    expect(landed.map(({ collapsed }) => collapsed)).toEqual([false, true, true]);
    expect(new Set(landed.map(({ value }) => value.ok && value.value)).size).toBe(1);
    expect(core.fake.opened).toBe(1);
    expect(gets(core)).toBe(2);
  });

  it("loads different versions side by side", async () => {
    const core = await published();
    await putVersion(core.bucket, "iris", "2", fakeModel(8));
    const landed = await Promise.all([load(core), load(core, "2")]);
    expect(landed.map(({ collapsed }) => collapsed)).toEqual([false, false]);
    expect(core.fake.opened).toBe(2);
  });

  it("tells which version is being loaded", async () => {
    const core = await published();
    const gate = core.store.holdNext("model.onnx");
    const landing = load(core);
    await settle();
    expect(core.deps.loader.isLoading("iris", "1")).toBe(true);
    expect(core.deps.loader.isLoading("iris", "2")).toBe(false);
    gate.open();
    await landing;
    expect(core.deps.loader.isLoading("iris", "1")).toBe(false);
  });

  it("does not let a dead load hang its followers: one of them leads after 21 s", async () => {
    const core = await published();
    core.store.holdNext("model.onnx");
    load(core);
    await settle();
    const follower = load(core);
    await core.clock.advance(20_999);
    expect(core.fake.opened).toBe(0);
    await core.clock.advance(1);
    expect(await follower).toMatchObject({ value: { ok: true }, collapsed: false });
    expect(core.clock.pending).toBe(0);
  });

  it("loads once for all followers of a dead load, however far apart their patience ends", async () => {
    const core = await published();
    core.store.holdNext("model.onnx");
    load(core);
    await settle();
    const early = load(core);
    await core.clock.advance(10_000);
    const late = load(core);
    await core.clock.advance(11_000);
    const first = await early;
    await core.clock.advance(10_000);
    expect((await late).value).toEqual(first.value);
    expect([core.fake.opened, core.fake.released]).toEqual([1, 0]);
  });

  it("keeps one session when a load thought dead lands after all", async () => {
    const core = await published();
    const gate = core.store.holdNext("model.onnx");
    const late = load(core);
    await settle();
    const follower = load(core);
    await core.clock.advance(21_000);
    await follower;
    core.story();
    gate.open();
    const { value } = await late;
    expect(core.deps.models.loaded()).toEqual([value.ok && value.value]);
    expect(core.story()).toEqual(["open 7", "replaced iris@1", "loaded iris@1"]);
    expect([core.fake.opened, core.fake.released]).toEqual([2, 1]);
  });
});

describe("remembering what cannot be loaded", () => {
  it("believes for 30 s that a broken version is broken, and asks nobody", async () => {
    const core = createTestCore();
    await putBroken(core);
    const first = await load(core);
    expect(core.story().at(-1)).toBe("failed iris@1: digest_mismatch");
    await core.clock.advance(29_999);
    expect(await load(core)).toEqual(first);
    expect(core.story()).toEqual([]);
    await core.clock.advance(1);
    await load(core);
    expect(gets(core)).toBe(2);
  });

  it("believes for 2 s that a version is not there, and makes no event of it", async () => {
    const core = createTestCore();
    await load(core);
    expect(core.story().some((line) => line.startsWith("failed"))).toBe(false);
    await putVersion(core.bucket, "iris", "1", fakeModel(7));
    await core.clock.advance(1_999);
    expect(await load(core)).toMatchObject({
      value: { ok: false, failure: { reason: "version_not_found" } },
    });
    expect(core.story()).toEqual([]);
    await core.clock.advance(1);
    expect((await load(core)).value.ok).toBe(true);
  });

  it("holds the store's trouble against no version: the next request tries at once", async () => {
    const core = await published();
    core.store.break("model.onnx", "unreachable");
    expect((await load(core)).value).toMatchObject({ failure: { reason: "store_unavailable" } });
    expect(core.story().at(-1)).toBe("failed iris@1: store_unavailable");
    expect(core.deps.loader.broken("iris", "1")).toBeUndefined();
    core.store.mend();
    expect((await load(core)).value.ok).toBe(true);
  });

  it("tries again at once what was forgiven", async () => {
    const core = createTestCore();
    await putBroken(core);
    await load(core);
    await putVersion(core.bucket, "iris", "1", fakeModel(7));
    expect((await load(core)).value.ok).toBe(false);
    core.deps.loader.forgive("iris", "1");
    expect((await load(core)).value.ok).toBe(true);
  });

  it("reports what is wrong after its time is up, and forgets it once the version loads", async () => {
    const core = createTestCore();
    await putBroken(core);
    await load(core);
    await core.clock.advance(60_000);
    expect(core.deps.loader.broken("iris", "1")).toMatchObject({
      model: "iris",
      version: "1",
      failure: { reason: "digest_mismatch" },
    });
    await putVersion(core.bucket, "iris", "1", fakeModel(7));
    await load(core);
    expect(core.deps.loader.broken("iris", "1")).toBeUndefined();
  });

  it("lists what is wrong of one model alone", async () => {
    const core = createTestCore();
    await putBroken(core, "1");
    await putBroken(core, "2");
    for (const version of ["1", "2"]) await load(core, version);
    await core.deps.loader.load(core.context, "wine", "1");
    const broken = core.deps.loader.allBroken("iris").map(({ version }) => version);
    expect([...broken].sort()).toEqual(["1", "2"]);
  });

  it("forgets an absence with the manifest that ends it, when asked to", async () => {
    const core = await published();
    await core.bucket.delete(manifestKey("iris", "1"), { deadlineMs: 1_000 });
    await load(core);
    await putVersion(core.bucket, "iris", "1", fakeModel(7));
    core.deps.loader.forgive("iris", "1");
    expect((await load(core)).value.ok).toBe(true);
  });
});
