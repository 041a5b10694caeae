import { describe, expect, it } from "vitest";
import {
  computedVersion,
  isComputedVersion,
  versionOfClasses,
} from "../../../src/core/model/computed-version.ts";

const by = (model: string, version: string, digest = "d") => ({ model, version, digest });

describe("the version that an answer counts for", () => {
  it("is a number where the model that was asked computed it", () => {
    expect(computedVersion("iris", by("iris", "2"))).toBe("2");
  });

  it("names the other model where one did, a remote of the same name as well", () => {
    expect(computedVersion("iris", by("other", "2"))).toBe("other@2");
    expect(computedVersion("iris", by("gpt 5:mini", "unknown", ""))).toBe("gpt 5:mini@unknown");
    expect(computedVersion("iris", by("iris", "2", ""))).toBe("iris@2");
  });

  it("has the classes of the version on the route, where another model computed it", () => {
    const classesOf = (version: string, route: string) => versionOfClasses({ version, route });
    expect(classesOf("3", "production:1")).toBe("3");
    expect(classesOf("other@2", "production:1")).toBe("1");
    expect(classesOf("gpt@unknown", "4")).toBe("4");
  });

  it.each(["1", "20", "other@2", "llama3:8b@unknown"])("may be %s", (version) => {
    expect(isComputedVersion(version)).toBe(true);
  });

  it.each(["", "0", "latest", "@2", "other@", "a\u00fc@1"])("is never '%s'", (version) => {
    expect(isComputedVersion(version)).toBe(false);
  });
});
