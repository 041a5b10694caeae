import { describe, expect, it } from "vitest";
import { readConfig } from "../../../src/compose/config.ts";

const NEEDED = {
  S3_ENDPOINT: "http://127.0.0.1:9000",
  S3_BUCKET: "b",
  S3_ACCESS_KEY_ID: "k",
  S3_SECRET_ACCESS_KEY: "s",
};
const read = (more: Readonly<Record<string, string>>) => readConfig({ ...NEEDED, ...more });

describe("strict freshness", () => {
  it.each([
    [{ CHECK_FRESHNESS: "off" }, /CHECK_FRESHNESS: is off/],
    [{ MAX_STALE_MS: "2000", REVALIDATE_MS: "30000" }, /MAX_STALE_MS: is not above REVALIDATE_MS/],
    [{ MAX_STALE_MS: "5000" }, /MAX_STALE_MS: is not above REVALIDATE_MS/],
  ])("is not taken with %o, which would refuse what is healthy", (more, words) => {
    expect(() => read({ STRICT_FRESHNESS: "true", ...more })).toThrow(words);
    expect(read(more).STRICT_FRESHNESS).toBe(false);
  });

  it("is taken with the defaults", () => {
    expect(read({ STRICT_FRESHNESS: "1" })).toMatchObject({ STRICT_FRESHNESS: true });
  });
});
