import { afterAll, beforeAll, describe } from "vitest";
import type { ObjectStore } from "../../../src/core/ports/object-store.ts";
import { describeConditions } from "./conditions.ts";
import { describeKeys } from "./keys.ts";
import { describeListing } from "./listing.ts";
import { describeReading } from "./reading.ts";
import type { GetSubject } from "./subject.ts";

export interface StartedStore {
  readonly store: ObjectStore;
  stop(): Promise<void>;
}

export interface Deviations {
  /** For a store that takes etags in conditions in another form than it gives them. */
  readonly asCondition?: (etag: string) => string;
}

/** The promises of the object store port. `start` gives an adapter over a store that is empty at first. */
export function describeObjectStore(
  start: () => Promise<StartedStore>,
  { asCondition = (etag) => etag }: Deviations = {},
): void {
  let started: StartedStore | undefined;
  const getSubject: GetSubject = () => {
    if (started === undefined) throw new Error("the store has not started");
    return { store: started.store, asCondition };
  };

  beforeAll(async () => {
    started = await start();
  });
  afterAll(() => started?.stop());

  describe("reading and writing", () => describeReading(getSubject));
  describe("conditions", () => describeConditions(getSubject));
  describe("keys", () => describeKeys(getSubject));
  describe("listing", () => describeListing(getSubject));
}
