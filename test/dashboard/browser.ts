// One Chromium for the tests of a file, and pages in it that notice whatever a page of ours must
// not do.
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, onTestFinished } from "vitest";
import { launchChromium } from "../support/chromium.ts";

export interface WatchedPage {
  readonly page: Page;
  /** URLs of all that it asked for, whether it got it or not. */
  readonly requests: readonly string[];
  /**
   * Errors on its console - violations of its policy among them -, exceptions, dialogs and other
   * windows.
   */
  readonly troubles: readonly string[];
}

/** Inside a describe. A page is in a context of its own and gone when its test is over. */
export function useBrowser(): (options?: BrowserContextOptions) => Promise<WatchedPage> {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());
  return async function openPage(options = {}) {
    if (browser === undefined) throw new Error("no browser: call openPage inside a test");
    const context = await browser.newContext({ timezoneId: "UTC", locale: "en-GB", ...options });
    onTestFinished(() => context.close());
    context.setDefaultTimeout(60_000);
    const requests: string[] = [];
    const troubles: string[] = [];
    context.on("request", (request) => requests.push(request.url()));
    const page = await context.newPage();
    page.on("popup", () => troubles.push("popup"));
    page.on("pageerror", (error) => troubles.push(`exception: ${error.message}`));
    page.on("dialog", (dialog) => {
      troubles.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("console", (message) => {
      if (message.type() === "error") troubles.push(`console: ${message.text()}`);
    });
    return { page, requests, troubles };
  };
}

/** Resolves when the page has had its first news over its stream. */
export async function openLive(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.locator("#live", { hasText: /^Live$/ }).waitFor();
}
