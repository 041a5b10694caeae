import { createNodeDigest } from "../../../infra/local/node-digest.ts";
import { createMemoryBytesCache } from "../../../src/adapters/memory/bytes-cache.ts";
import { describeBytesCache } from "./suite.ts";

describeBytesCache("bytes cache in memory", () => createMemoryBytesCache(createNodeDigest()));
