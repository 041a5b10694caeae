import { expect, it } from "vitest";
import type { PutOptions } from "../../../src/core/ports/object-store.ts";
import { must } from "../../support/must.ts";
import {
  contentOf,
  DEADLINE,
  expectFailure,
  type GetSubject,
  newFolder,
  READ,
  type Subject,
  text,
} from "./subject.ts";

const WRITERS = 20;

export function describeConditions(subject: GetSubject): void {
  it("creates only what is absent", async () => {
    const { store } = subject();
    const key = `${newFolder()}a`;
    const { etag } = must(await store.put(key, text("first"), { ...DEADLINE, when: "absent" }));
    const again = await store.put(key, text("second"), { ...DEADLINE, when: "absent" });
    expectFailure(again, "precondition_lost");
    const got = must(await store.get(key, READ));
    expect([contentOf(got.bytes), got.etag]).toEqual(["first", etag]);
  });

  it("loses the condition even when the bytes are the same: the object was there", async () => {
    const { store } = subject();
    const key = `${newFolder()}a`;
    await store.put(key, text("same"), DEADLINE);
    const again = await store.put(key, text("same"), { ...DEADLINE, when: "absent" });
    expectFailure(again, "precondition_lost");
  });

  it("creates again after a delete", async () => {
    const { store } = subject();
    const key = `${newFolder()}a`;
    await store.put(key, text("first"), DEADLINE);
    await store.delete(key, DEADLINE);
    must(await store.put(key, text("second"), { ...DEADLINE, when: "absent" }));
  });

  it("replaces only the very object whose etag it is given", async () => {
    const { store, asCondition } = subject();
    const key = `${newFolder()}a`;
    const first = must(await store.put(key, text("first"), DEADLINE));
    const when = { etag: asCondition(first.etag) };
    const second = must(await store.put(key, text("second"), { ...DEADLINE, when }));
    expect(second.etag).not.toBe(first.etag);
    expectFailure(await store.put(key, text("third"), { ...DEADLINE, when }), "precondition_lost");
    const got = must(await store.get(key, READ));
    expect([contentOf(got.bytes), got.etag]).toEqual(["second", second.etag]);
  });

  it("loses a replacement of what is absent, and creates nothing", async () => {
    const { store, asCondition } = subject();
    const folder = newFolder();
    const { etag } = must(await store.put(`${folder}other`, text("other"), DEADLINE));
    const when = { etag: asCondition(etag) };
    const lost = await store.put(`${folder}nothing`, text("x"), { ...DEADLINE, when });
    expectFailure(lost, "precondition_lost");
    expectFailure(await store.head(`${folder}nothing`, DEADLINE), "absent");
  });

  it("lets exactly one of 20 parallel writers create a key", async () => {
    const key = `${newFolder()}raced`;
    await expectOneWinner(subject(), key, "absent");
  });

  it("lets exactly one of 20 parallel writers replace an object", async () => {
    const { store, asCondition } = subject();
    const key = `${newFolder()}raced`;
    const { etag } = must(await store.put(key, text("before"), DEADLINE));
    await expectOneWinner(subject(), key, { etag: asCondition(etag) });
  });
}

async function expectOneWinner(
  { store }: Subject,
  key: string,
  when: NonNullable<PutOptions["when"]>,
): Promise<void> {
  const writers = Array.from({ length: WRITERS }, (_, writer) => `writer ${writer}`);
  const outcomes = await Promise.all(
    writers.map(async (writer) => ({
      writer,
      result: await store.put(key, text(writer), { ...DEADLINE, when }),
    })),
  );
  const winners = outcomes.filter(({ result }) => result.ok);
  const reasons = outcomes.map(({ result }) => (result.ok ? "won" : result.failure.reason));
  expect(new Set(reasons)).toEqual(new Set(["won", "precondition_lost"]));
  expect(winners).toHaveLength(1);
  expect(contentOf(must(await store.get(key, READ)).bytes)).toBe(winners[0]?.writer);
}
