// A real browser for tests of the page: Debian's Chromium, without a window.
import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const executablePath = "/usr/bin/chromium";

/** Whether the program is there. Where it is not, tests that need it are skipped with a word, and fail under CI=true. */
export const hasChromium: boolean = (() => {
  if (existsSync(executablePath)) return true;
  const words = "chromium is missing: apt-get install chromium";
  if (process.env.CI === "true") throw new Error(words);
  console.warn(`${words} (tests that need it are skipped)`);
  return false;
})();

/** Whoever launches it closes it. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath, args: ["--no-sandbox"], headless: true });
}
