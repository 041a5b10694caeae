import * as z from "zod/mini";
import { backupStateKey } from "../../model/keys.ts";
import type { ListedObject, ObjectStore } from "../../ports/object-store.ts";
import { readDocument } from "../read-document.ts";
import { writeDocument } from "../write-document.ts";

/** By key: the etags of the first and the second bucket that were found to be of the same bytes. */
const stateSchema = z.record(z.string(), z.tuple([z.string(), z.string()]));

/**
 * Copies that are the same though their etags differ: some stores encrypt before they hash, or
 * put an upload's parts into the etag. Read when the first such pair is met, so that between
 * stores that agree (an etag is the MD5 of the bytes) it costs nothing. Losing it is harmless:
 * the bytes are compared again.
 */
export class KnownCopies {
  readonly #store: ObjectStore;
  readonly #key: string;
  #pairs: Map<string, [string, string]> | undefined;
  #isChanged = false;

  constructor(store: ObjectStore, group: string) {
    this.#store = store;
    this.#key = backupStateKey(group);
  }

  /** Whether the second bucket's object is known to be the first's. */
  async isSame(first: ListedObject, second: ListedObject | undefined): Promise<boolean> {
    if (second === undefined || first.sizeBytes !== second.sizeBytes) return false;
    if (first.etag === second.etag) return true;
    const known = (await this.#read()).get(first.key);
    return known?.[0] === first.etag && known[1] === second.etag;
  }

  async remember(key: string, firstEtag: string, secondEtag: string): Promise<void> {
    if (firstEtag === secondEtag) return;
    (await this.#read()).set(key, [firstEtag, secondEtag]);
    this.#isChanged = true;
  }

  /** Writes what is new, without what the group does not have any more. At most one PUT. */
  async save(isThere: (key: string) => boolean): Promise<void> {
    if (!this.#isChanged) return;
    const pairs = [...(await this.#read())].filter(([key]) => isThere(key));
    await writeDocument(this.#store, this.#key, Object.fromEntries(pairs), undefined);
  }

  async #read(): Promise<Map<string, [string, string]>> {
    if (this.#pairs === undefined) {
      const read = await readDocument(this.#store, this.#key, stateSchema);
      this.#pairs = new Map(read.ok ? Object.entries(read.value.value) : []);
    }
    return this.#pairs;
  }
}
