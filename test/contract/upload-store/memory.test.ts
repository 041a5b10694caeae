import { describe } from "vitest";
import { createNodeDigest } from "../../../infra/local/node-digest.ts";
import { createMemoryObjectStore } from "../../../src/adapters/memory/object-store.ts";
import { createMemoryUploadStore } from "../../../src/adapters/memory/uploads.ts";
import { describeUploadStore } from "./suite.ts";

describe("uploads into the store in memory", () => {
  describeUploadStore(async () => {
    const store = createMemoryObjectStore({ digest: createNodeDigest() });
    const uploads = createMemoryUploadStore(store);
    return {
      uploads,
      store,
      async send(url, bytes) {
        const sent = await uploads.sendPart(url, bytes);
        return "etag" in sent ? sent.etag : sent.status;
      },
      stop: async () => {},
    };
  });
});
