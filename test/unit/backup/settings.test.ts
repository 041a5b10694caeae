import { describe, expect, it } from "vitest";
import { ConfigError, readConfig } from "../../../src/compose/config.ts";

const FIRST = {
  S3_ENDPOINT: "https://s3.example.com",
  S3_BUCKET: "models",
  S3_ACCESS_KEY_ID: "first-id",
  S3_SECRET_ACCESS_KEY: "first-secret",
};

const SECOND = {
  BACKUP_S3_ENDPOINT: "https://other.example.com",
  BACKUP_S3_BUCKET: "copies",
  BACKUP_S3_ACCESS_KEY_ID: "second-id",
  BACKUP_S3_SECRET_ACCESS_KEY: "second-secret",
};

const refusal = (env: unknown): string => {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error("the configuration was taken");
};

describe("the settings of the second bucket", () => {
  it("may all be left out, or all be set", () => {
    expect(readConfig(FIRST).BACKUP_S3_ENDPOINT).toBe("");
    expect(readConfig({ ...FIRST, ...SECOND })).toMatchObject({
      ...SECOND,
      BACKUP_S3_REGION: "auto",
      BACKUP_S3_PREFIX: "",
    });
  });

  it.each(Object.keys(SECOND))("name %s when it alone is missing, and no secret", (name) => {
    const message = refusal({ ...FIRST, ...SECOND, [name]: "" });
    expect(message).toContain(`${name}: is empty`);
    expect(message.match(/: is empty/g)).toHaveLength(1);
    expect(message).not.toMatch(/second-secret|first-secret/);
  });

  it("may not name the first bucket: that would be no copy", () => {
    const same = { BACKUP_S3_ENDPOINT: `${FIRST.S3_ENDPOINT}/`, BACKUP_S3_BUCKET: "models" };
    expect(refusal({ ...FIRST, ...SECOND, ...same })).toContain("BACKUP_S3_BUCKET");
    const prefixed = { ...FIRST, ...SECOND, ...same, BACKUP_S3_PREFIX: "copy/" };
    expect(readConfig(prefixed).BACKUP_S3_PREFIX).toBe("copy/");
  });

  it("say what is wrong with a URL or a prefix", () => {
    expect(refusal({ ...FIRST, ...SECOND, BACKUP_S3_ENDPOINT: "s3" })).toContain(
      "BACKUP_S3_ENDPOINT: must be an http(s) URL",
    );
    expect(refusal({ ...FIRST, ...SECOND, BACKUP_S3_PREFIX: "/x" })).toContain("BACKUP_S3_PREFIX");
  });
});
