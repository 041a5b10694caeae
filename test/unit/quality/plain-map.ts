import type { EntityChange } from "../../../src/core/model/entity.ts";

interface Change {
  readonly id: string;
  /** Of a put of several, one after another. */
  readonly changes: readonly EntityChange[] | "delete";
  /** Only at this revision; 0: only where there is none. */
  readonly ifRev: number | undefined;
}

/** The rules, told once more in the plainest way. */
export class PlainMap {
  readonly #kept = new Map<
    string,
    { features: object; state: string; outcome: unknown; rev: number }
  >();

  /** Replays an effect, and tells what the answers must have been. */
  apply({ id: one, changes, ifRev }: Change): readonly string[] {
    const before = this.#kept.get(one);
    if (changes === "delete") return [this.#kept.delete(one) ? "ok" : "entity_not_found"];
    return changes.map((wish) => this.#put(one, wish, before?.rev ?? 0, ifRev));
  }

  #put(one: string, wish: EntityChange, rev: number, ifRev: number | undefined): string {
    const now = this.#kept.get(one);
    const next = {
      features: wish.features ?? now?.features ?? {},
      state: wish.state ?? now?.state ?? "open",
      outcome: wish.state === undefined ? now?.outcome : wish.outcome,
    };
    const isKept = now?.state === "finished" && wish.replace !== true;
    const isRefused = isKept && (next.state !== "finished" || next.outcome !== now.outcome);
    const isSame = JSON.stringify(next) === JSON.stringify({ ...now, rev: undefined });
    if (ifRev !== undefined && rev !== ifRev && !(isSame && !isRefused))
      return "precondition_failed";
    if (isRefused) return "entity_finished";
    this.#kept.set(one, { ...next, rev });
    return "ok";
  }

  at = (one: string) => this.#kept.get(one);
  setRev(one: string, rev: number) {
    const now = this.#kept.get(one);
    if (now !== undefined) this.#kept.set(one, { ...now, rev });
  }
}
