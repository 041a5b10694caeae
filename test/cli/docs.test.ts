import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { CLI_PAGE, renderCli } from "../../infra/docs/cli.ts";

it("docs/cli.md is what `--help` says: `npm run docs` makes it so", async () => {
  expect(await readFile(CLI_PAGE, "utf8")).toBe(renderCli());
});

it("every command's help has examples", () => {
  const sections = renderCli().split("\n## ").slice(1);
  expect(sections.length).toBeGreaterThan(25);
  expect(sections.filter((section) => !section.includes("$ freshet"))).toEqual([]);
});
