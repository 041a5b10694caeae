import { describe } from "vitest";
import { createNodeDigest } from "../../../infra/local/node-digest.ts";
import { createMemoryObjectStore } from "../../../src/adapters/memory/object-store.ts";
import { describeObjectStore } from "./suite.ts";

describe("the object store in memory", () => {
  describeObjectStore(async () => ({
    store: createMemoryObjectStore({ digest: createNodeDigest() }),
    stop: async () => {},
  }));
});
