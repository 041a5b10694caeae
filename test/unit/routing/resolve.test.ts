import { describe, expect, it } from "vitest";
import { resolveAlias, routedVersions } from "../../../src/core/routing/resolve.ts";

const deployment = {
  model: "iris",
  rev: 3,
  aliases: {
    production: { weights: { "1": 50, "2": 50 } },
    staging: { weights: { "2": 100, "1": 0 } },
  },
};
const stay = () => ({ random: () => 0 });

describe("resolving an alias", () => {
  it("answers the version and the route to send back", () => {
    expect(resolveAlias(deployment, "staging", stay)).toEqual({
      ok: true,
      value: { version: "2", route: "staging:2" },
    });
  });

  it("holds a caller on the variant of its last answer", () => {
    const resolved = resolveAlias(deployment, "production", () => ({
      ...stay(),
      route: "production:2",
    }));
    expect(resolved.ok && resolved.value.version).toBe("2");
  });

  it.each(["staging:1", "production:9", "staging:", "nonsense", ""])(
    "lets go of a caller whose route '%s' no longer has traffic there",
    (route) => {
      const resolved = resolveAlias(deployment, "staging", () => ({ ...stay(), route }));
      expect(resolved.ok && resolved.value.version).toBe("2");
    },
  );

  it("names the aliases there are when one is not", () => {
    expect(resolveAlias(deployment, "canary", stay)).toMatchObject({
      ok: false,
      failure: {
        reason: "alias_not_found",
        detail: expect.stringContaining("production, staging"),
      },
    });
    expect(resolveAlias({ ...deployment, aliases: {} }, "production", stay)).toMatchObject({
      failure: { detail: expect.stringContaining("none") },
    });
  });

  it("takes `constructor`, which every object has, for an alias only where there is one", () => {
    expect(resolveAlias(deployment, "constructor", stay)).toMatchObject({
      ok: false,
      failure: { reason: "alias_not_found" },
    });
    const aliases = { constructor: { weights: { "4": 100 } } };
    expect(resolveAlias({ ...deployment, aliases }, "constructor", stay)).toMatchObject({
      value: { version: "4" },
    });
  });

  it("lets go of a caller whose version has since lost all its traffic", () => {
    const resolved = resolveAlias(deployment, "staging", () => ({ ...stay(), route: "staging:1" }));
    expect(resolved).toMatchObject({ value: { version: "2", route: "staging:2" } });
  });

  it("counts only versions with a share as routed", () => {
    expect(routedVersions({ weights: { "1": 0, "2": 100 } })).toEqual(["2"]);
  });
});
