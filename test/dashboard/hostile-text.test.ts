// What others write - names, notes, ids, addresses - is text on the page and in the terminal,
// whatever stands in it.
import { describe, expect, it, onTestFinished } from "vitest";
import { shortenIds } from "../../src/dashboard/shortened-ids.ts";
import { renderText } from "../../src/dashboard/text/text.ts";
import { hasChromium } from "../support/chromium.ts";
import { openLive, useBrowser } from "./browser.ts";
import { jobOf, profileOf, quietDashboard } from "./documents.ts";
import { hostileDashboard, hostileMarkup as markup } from "./hostile-dashboard.ts";
import { startPageServer } from "./page-server.ts";

const rtl = "\u202e\u2066gnp.exe\u05d0\u05d1\u200f";
const terminal = "\u001b[31mred\u001b]0;title\u0007\u009b2J\r\nnext\u2028line\u0000";
const broken = "\ud800alone";
const hostiles = [markup, rtl, terminal, broken, "javascript:alert(4)", "__proto__", "a".repeat(300)];

describe.skipIf(!hasChromium)("the page", () => {
  const openPage = useBrowser();

  it("shows markup, scripts, quotes and turned-around text as text: nothing runs, nothing is asked for, nothing is broken", async () => {
    const server = await startPageServer(quietDashboard());
    onTestFinished(server.close);
    const { page, requests, troubles } = await openPage();
    await openLive(page, server.url);
    for (const [i, text] of hostiles.entries()) {
      // As news over the stream, then as a page of its own: the browser parses them on different
      // ways.
      const profile_key = `profile-${i} ${text}`;
      const hostile = hostileDashboard(text);
      const marked = { ...hostile, profiles: hostile.profiles.map((profile) => ({ ...profile, profile_key })) };
      server.publish(marked);
      await page.locator("h3", { hasText: `profile-${i}` }).waitFor();
      await page.reload();
      await page.locator("#live.good").waitFor();
      expect(
        await page.locator("main :is(img, script, iframe, style, object, base, form, [onerror], [onload])").count(),
      ).toBe(0);
      expect(await page.locator("main a:not([href^='#'], #as-json, #as-text, [data-view])").count()).toBe(0);
      const own = await page
        .locator("main a[data-view]")
        .evaluateAll((links) => links.map((link) => link.getAttribute("href")));
      for (const href of own) expect(href).toMatch(/^(jobs|runs|lines)\/[\w.%!~*'()-]+(\?page=2)?$/);
      expect(await page.locator("td, th[scope=row]").count()).toBe(10 + 5 + 7 + 8);
    }
    expect(troubles).toEqual([]);
    const allowed = ["", "events?as=html", "dashboard.json"].map((path) => server.url + path);
    expect(requests.filter((url) => !allowed.includes(url) && !url.startsWith("data:"))).toEqual([]);
  });

  it("shows a note with markup word for word, and what turns text around as its code", async () => {
    const server = await startPageServer(hostileDashboard(`${markup}\u202e`));
    onTestFinished(server.close);
    const { page } = await openPage();
    await openLive(page, server.url);
    expect(await page.locator(".profile q").textContent()).toBe(`${markup}<202e>`);
    expect(await page.locator("main").textContent()).not.toContain("\u202e");
  });

  it("links a run to GitHub, which gets no hold of the page", async () => {
    const server = await startPageServer({
      ...quietDashboard(),
      profiles: [profileOf({ waiting: 1, jobs: [jobOf({})] })],
    });
    onTestFinished(server.close);
    const { page } = await openPage();
    await openLive(page, server.url);
    const link = page.getByRole("link", { name: "17204939581" });
    expect(await link.getAttribute("href")).toBe("https://github.com/servo/servo/actions/runs/17204939581");
    expect(await link.getAttribute("rel")).toBe("noopener");
  });
});

describe("the text for a terminal", () => {
  it("holds no control character, nothing that turns text around, and no line wider than a terminal, whatever others write", () => {
    for (const text of hostiles) {
      const whole = hostileDashboard(text);
      for (const [dashboard, width] of [
        [shortenIds(whole), 118],
        // As much longer as a UUID is than what strangers see of it.
        [whole, 146],
      ] as const) {
        const lines = renderText(dashboard).split("\n");
        expect(lines.pop()).toBe("");
        for (const line of lines) {
          expect(line).not.toMatch(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u);
          expect([...line].length).toBeLessThanOrEqual(width);
        }
      }
    }
  });
});
