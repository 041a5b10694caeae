import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { CONFIGURATION_PAGE, renderConfiguration } from "../../../infra/docs/configuration.ts";

it("docs/configuration.md is what the schema says: `npm run docs` makes it so", async () => {
  expect(await readFile(CONFIGURATION_PAGE, "utf8")).toBe(renderConfiguration());
});
