import { afterAll, beforeAll, expect, it } from "vitest";
import type { Result } from "../../../src/core/model/result.ts";
import type { Bytes } from "../../../src/core/model/tensor.ts";
import type { ObjectStore } from "../../../src/core/ports/object-store.ts";
import type { UploadFailure, UploadStore } from "../../../src/core/ports/upload-store.ts";
import { must } from "../../support/must.ts";

export interface StartedUploads {
  readonly uploads: UploadStore;
  /** Of the same bucket. */
  readonly store: ObjectStore;
  /** PUTs to a signed URL as a client does; the etag, or the status of a refusal. */
  send(url: string, bytes: Bytes): Promise<string | number>;
  stop(): Promise<void>;
}

export interface Deviations {
  /** For a store that answers the completion of an upload it does not know otherwise. */
  readonly unknownCompletion?: UploadFailure["reason"];
}

const DEADLINE = { deadlineMs: 20_000 };
const PART_BYTES = 5 * 1024 * 1024;
const EXPIRES_S = 600;

/** The promises of the upload store port. `start` gives an adapter over a bucket that is empty at first. */
export function describeUploadStore(
  start: () => Promise<StartedUploads>,
  { unknownCompletion = "no_such_upload" }: Deviations = {},
): void {
  let started: StartedUploads | undefined;
  let keys = 0;
  beforeAll(async () => {
    started = await start();
  });
  afterAll(() => started?.stop());

  const subject = (): StartedUploads => {
    if (started === undefined) throw new Error("the store has not started");
    return started;
  };

  /** An upload that has begun, with a way to send its parts. */
  async function begun() {
    const { uploads, send } = subject();
    keys += 1;
    const key = `models/a b+${keys}/uploads/id/model.onnx`;
    const uploadId = must(await uploads.begin(key, DEADLINE));
    const urlOf = (number: number) =>
      uploads.presignPart({ key, uploadId, number, expiresInS: EXPIRES_S });
    const part = async (number: number, bytes: Bytes) => {
      const etag = await send(await urlOf(number), bytes);
      if (typeof etag === "number") throw new Error(`part ${number}: ${etag}`);
      return { number, etag };
    };
    return { key, uploadId, urlOf, part };
  }

  it("makes the parts one object, in order of their numbers and not of their coming", async () => {
    const { uploads, store } = subject();
    const { key, uploadId, part } = await begun();
    const last = await part(2, new Uint8Array([1, 2, 3]));
    const first = await part(1, new Uint8Array(PART_BYTES).fill(7));
    must(await uploads.complete(key, uploadId, [last, first], DEADLINE));
    const got = must(await store.get(key, { ...DEADLINE, maxBytes: 2 * PART_BYTES }));
    expect(got.bytes.byteLength).toBe(PART_BYTES + 3);
    expect([got.bytes[0], ...got.bytes.slice(-3)]).toEqual([7, 1, 2, 3]);
  });

  it("has no object before it is complete", async () => {
    const { store } = subject();
    const { key, part } = await begun();
    await part(1, new Uint8Array([1]));
    expect(await store.head(key, DEADLINE)).toMatchObject({ failure: { reason: "absent" } });
  });

  it("takes the last of two parts of one number", async () => {
    const { uploads, store } = subject();
    const { key, uploadId, part } = await begun();
    await part(1, new Uint8Array([1]));
    const again = await part(1, new Uint8Array([2]));
    must(await uploads.complete(key, uploadId, [again], DEADLINE));
    const got = await store.get(key, { ...DEADLINE, maxBytes: 10 });
    expect(got).toMatchObject({ ok: true, value: { bytes: new Uint8Array([2]) } });
  });

  it.each([
    ["an etag that is no part's", (etag: string) => [{ number: 1, etag: etag.replace(/\w/, "?") }]],
    [
      "a part that never came",
      (etag: string) => [
        { number: 1, etag },
        { number: 2, etag },
      ],
    ],
    ["no part at all", () => []],
  ])("refuses %s, and can be completed rightly afterwards", async (_, listOf) => {
    const { uploads, store } = subject();
    const { key, uploadId, part } = await begun();
    const right = await part(1, new Uint8Array([1]));
    const wrong = await uploads.complete(key, uploadId, listOf(right.etag), DEADLINE);
    expect(reasonOf(wrong)).toBe("bad_parts");
    expect(await store.head(key, DEADLINE)).toMatchObject({ failure: { reason: "absent" } });
    must(await uploads.complete(key, uploadId, [right], DEADLINE));
  });

  it("knows an upload under its own key alone", async () => {
    const { uploads, store } = subject();
    const [mine, other] = [await begun(), await begun()];
    const part = await mine.part(1, new Uint8Array([1]));
    const taken = await uploads.complete(other.key, mine.uploadId, [part], DEADLINE);
    expect(reasonOf(taken)).toBe(unknownCompletion);
    expect(await store.head(other.key, DEADLINE)).toMatchObject({ failure: { reason: "absent" } });
    expect(reasonOf(await uploads.abort(other.key, mine.uploadId, DEADLINE))).toBe(
      "no_such_upload",
    );
    must(await uploads.complete(mine.key, mine.uploadId, [part], DEADLINE));
  });

  it("knows no upload that was never begun", async () => {
    const { uploads } = subject();
    const part = { number: 1, etag: '"x"' };
    const completed = await uploads.complete(
      "models/x/uploads/id/model.onnx",
      "no",
      [part],
      DEADLINE,
    );
    expect(reasonOf(completed)).toBe(unknownCompletion);
  });

  it("takes no part and no completion after it was aborted", async () => {
    const { uploads, store, send } = subject();
    const { key, uploadId, urlOf, part } = await begun();
    const first = await part(1, new Uint8Array([1]));
    must(await uploads.abort(key, uploadId, DEADLINE));
    expect(await send(await urlOf(2), new Uint8Array([2]))).toBe(404);
    expect(reasonOf(await uploads.complete(key, uploadId, [first], DEADLINE))).toBe(
      unknownCompletion,
    );
    expect(await store.head(key, DEADLINE)).toMatchObject({ failure: { reason: "absent" } });
  });
}

const reasonOf = (outcome: Result<unknown, UploadFailure>): string =>
  outcome.ok ? "success" : outcome.failure.reason;
