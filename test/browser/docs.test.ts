import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Stack } from "../../infra/local/stack.ts";
import { findProgram, skipLoudly } from "../support/skip-loudly.ts";
import { startTestStack } from "../support/stack.ts";

const executablePath = findProgram("chromium");

describe.skipIf(skipLoudly("chromium", executablePath))("the reference page in Chromium", () => {
  let stack: Stack;
  let browser: Browser;

  beforeAll(async () => {
    stack = await startTestStack();
    // As root Chromium has no sandbox; the page is the test's own.
    browser = await chromium.launch({
      executablePath: executablePath ?? "",
      args: ["--no-sandbox"],
    });
  });

  afterAll(async () => {
    await browser?.close();
    await stack?.stop();
  });

  it("shows every route from the Worker's own assets, and asks nobody else", async () => {
    const page = await browser.newPage();
    const elsewhere: string[] = [];
    const errors: string[] = [];
    page.on("request", (request) => {
      const url = request.url();
      if (!url.startsWith(stack.url) && !/^(data|blob):/.test(url)) elsewhere.push(url);
    });
    page.on("pageerror", (error) => errors.push(error.message));
    await page.goto(`${stack.url}/`);
    expect(page.url()).toBe(`${stack.url}/docs`);
    await page.getByRole("heading", { name: "Freshet" }).first().waitFor();
    await page.getByText("/v2/models/{model}/infer").first().waitFor();
    expect(await page.title()).toBe("Freshet API");
    expect(elsewhere).toEqual([]);
    expect(errors).toEqual([]);
    await page.close();
  });
});
