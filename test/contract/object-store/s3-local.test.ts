import { describe } from "vitest";
import { startLocalS3 } from "../../../infra/local/s3.ts";
import { s3Store } from "./s3-store.ts";
import { describeObjectStore } from "./suite.ts";

const startUnder = (prefix: string) => async () => {
  const s3 = await startLocalS3();
  return { store: s3Store({ ...s3.config, prefix }), stop: s3.stop };
};

describe("the local stack's S3", () => {
  describeObjectStore(startUnder(""));
});

describe("the local stack's S3 under a prefix of configuration", () => {
  describeObjectStore(startUnder("a team/100%+ü/"));
});
