// A real browser for tests of the page: Debian's Chromium, or the Chrome that GitHub's machines
// have, without a window.
import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const executablePath = ["/usr/bin/chromium", "/usr/bin/google-chrome"].find((path) => existsSync(path));

/**
 * Whether the program is there. Where it is not, tests that need it are skipped with a word, and
 * fail under CI=true.
 */
export const hasChromium: boolean = (() => {
  if (executablePath !== undefined) return true;
  const words = "chromium is missing: apt-get install chromium";
  if (process.env.CI === "true") throw new Error(words);
  console.warn(`${words} (tests that need it are skipped)`);
  return false;
})();

/** Whoever launches it closes it. */
export function launchChromium(): Promise<Browser> {
  if (executablePath === undefined) throw new Error("chromium is missing");
  return chromium.launch({ executablePath, args: ["--no-sandbox"], headless: true });
}
