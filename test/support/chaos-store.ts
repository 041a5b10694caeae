import { fail } from "../../src/core/model/result.ts";
import type { ObjectStore, StoreFailure } from "../../src/core/ports/object-store.ts";
import { createGate, type Gate } from "./gate.ts";

/** A store in front of another one that fails and dawdles by script. */
export interface ChaosStore extends ObjectStore {
  /** Calls whose line contains `part`, such as `get iris/deployment.json`, fail so until `mend`. */
  break(part: string, reason: StoreFailure["reason"]): void;
  mend(): void;
  /** The next call whose line contains `part` has its answer at once but gives it when the gate opens. */
  holdNext(part: string): Gate<void>;
}

/** What every failure of a broken store carries, for whoever asks where it went. */
export const CHAOS = new Error("the test broke the store");

/**
 * Wraps a store. `onCall` hears of each call as one line: `get`, `confirm` (a
 * conditional get), `head`, `put`, `list` or `delete`, and the key without `models/`.
 */
export function createChaosStore(
  inner: ObjectStore,
  onCall: (line: string) => void = () => undefined,
): ChaosStore {
  const broken = new Map<string, StoreFailure["reason"]>();
  const held: { readonly part: string; readonly gate: Gate<void> }[] = [];

  async function call<T>(verb: string, key: string, work: () => Promise<T>) {
    const line = `${verb} ${key.replace(/^models\//, "")}`;
    onCall(line);
    const index = held.findIndex(({ part }) => line.includes(part));
    const [hold] = index < 0 ? [] : held.splice(index, 1);
    const reason = [...broken].find(([part]) => line.includes(part))?.[1];
    const answer =
      reason === undefined
        ? await work()
        : fail({ reason, detail: `${key}: ${reason}`, cause: CHAOS });
    await hold?.gate.opened;
    return answer;
  }

  return {
    get: (key, options) =>
      call(options.ifNoneMatch === undefined ? "get" : "confirm", key, () =>
        inner.get(key, options),
      ),
    head: (key, options) => call("head", key, () => inner.head(key, options)),
    put: (key, bytes, options) => call("put", key, () => inner.put(key, bytes, options)),
    list: (prefix, options) => call("list", prefix, () => inner.list(prefix, options)),
    delete: (key, options) => call("delete", key, () => inner.delete(key, options)),
    break: (part, reason) => void broken.set(part, reason),
    mend: () => broken.clear(),
    holdNext(part) {
      const gate = createGate<void>();
      held.push({ part, gate });
      return gate;
    },
  };
}
