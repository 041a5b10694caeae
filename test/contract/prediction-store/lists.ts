import { expect, it } from "vitest";
import type { PredictionRecord } from "../../../src/core/model/prediction-record.ts";
import type { RecordPage, RecordPlace } from "../../../src/core/ports/prediction-store.ts";
import { must } from "../../support/must.ts";
import { addRecords, aRecord } from "../../support/records.ts";
import { DEADLINE_MS, type Subject } from "./subject.ts";

/** Lists of a model and of an entity: newest first, each record once. */
export function describeLists(subject: Subject): void {
  const at = (ms: number) => new Date(Date.parse("2026-11-20T10:00:00.000Z") + ms).toISOString();
  const add = (records: readonly PredictionRecord[]) =>
    addRecords(subject.store, records, Date.now());
  const record = (id: string, ms: number, more: Partial<PredictionRecord> = {}) =>
    aRecord({ id: `${subject.model}-${id}`, model: subject.model, at: at(ms), ...more });
  const idsOf = (page: RecordPage) =>
    page.items.map((kept) => kept.record.id.slice(subject.model.length + 1));

  async function readAll(
    limit: number,
    ask: (after: RecordPlace | undefined) => Promise<RecordPage>,
  ): Promise<readonly string[]> {
    const ids: string[] = [];
    let after: RecordPlace | undefined;
    do {
      const page = await ask(after);
      expect(page.items.length).toBeLessThanOrEqual(limit);
      ids.push(...idsOf(page));
      after = page.next;
    } while (after !== undefined);
    return ids;
  }

  it("pages through records of one millisecond, each once", async () => {
    const same = Array.from({ length: 7 }, (_, index) => record(`b${index}`, 5));
    await add([record("a", 1), ...same, record("c", 9), record("c2", 9)]);
    const all = ["c2", "c", "b6", "b5", "b4", "b3", "b2", "b1", "b0", "a"];
    for (const limit of [1, 2, 3, 4, 10, 11]) {
      const ask = async (after: RecordPlace | undefined) =>
        must(await subject.store.list({ model: subject.model, after, limit }, DEADLINE_MS));
      expect(await readAll(limit, ask), `${limit} a page`).toEqual(all);
    }
  });

  it("keeps to the times asked for, both included", async () => {
    await add([record("a", 1), record("b", 2), record("c", 3), record("d", 4)]);
    const query = {
      model: subject.model,
      fromMs: Date.parse(at(2)),
      toMs: Date.parse(at(3)),
      limit: 1,
    };
    const ask = async (after: RecordPlace | undefined) =>
      must(await subject.store.list({ ...query, after }, DEADLINE_MS));
    expect(await readAll(1, ask)).toEqual(["c", "b"]);
  });

  it("has nothing of a model that nobody asked", async () => {
    const page = must(await subject.store.list({ model: "nobody", limit: 5 }, DEADLINE_MS));
    expect(page).toEqual({ items: [] });
  });
}
