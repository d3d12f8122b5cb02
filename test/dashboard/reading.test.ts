// The page is for everybody: by keyboard alone, on a phone, in the dark, without colours, and
// undisturbed by news.
import type { Page } from "playwright-core";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Dashboard } from "../../src/dashboard/dashboard-data.ts";
import { hasChromium } from "../support/chromium.ts";
import { openLive, useBrowser } from "./browser.ts";
import { busyDay } from "./busy-day.ts";
import { crowdedDashboard, jobOf, profileOf, quietDashboard } from "./documents.ts";
import { startPageServer } from "./page-server.ts";

/**
 * Texts whose contrast with what is behind them is less than WCAG AA asks of text of their size.
 */
const findFaintTexts = `(() => {
  const parse = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
  const light = (colour) => {
    const [r, g, b] = parse(colour).map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const groundOf = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (parse(colour)[3] !== 0) return colour;
    }
  };
  const faint = new Set();
  for (const element of document.querySelectorAll("body *")) {
    const style = getComputedStyle(element);
    const says = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== "");
    if (!says || element.closest("svg, script, style, noscript, .unseen, caption")) continue;
    const [a, b] = [light(style.color), light(groundOf(element))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) faint.add(element.localName + "." + element.className + " " + contrast.toFixed(2));
  }
  return [...faint];
})()`;

describe.skipIf(!hasChromium)("the page", () => {
  const openPage = useBrowser();
  const openDashboard = async (dashboard: Dashboard, options: Parameters<typeof openPage>[0] = {}) => {
    const server = await startPageServer(dashboard);
    onTestFinished(server.close);
    const opened = await openPage(options);
    await openLive(opened.page, server.url);
    return { ...opened, server };
  };
  const focusedId = (page: Page) => page.evaluate("document.activeElement.id");
  const lineOf = (...ids: string[]): Dashboard => ({
    ...quietDashboard(),
    profiles: [
      profileOf({
        waiting: ids.length,
        runners_wanted: ids.length,
        jobs: ids.map((unique_id, i) => jobOf({ unique_id, position: i + 1, run_id: `10${i}` }, 100 - i)),
      }),
    ],
  });

  it("leads by Tab from the skip link over the lines to each job and run, and opens what is folded with Enter", async () => {
    const { page } = await openDashboard(lineOf("a", "b"));
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.textContent")).toBe("Skip to the lines");
    expect(await page.evaluate("document.activeElement.getBoundingClientRect().top >= 0")).toBe(true);
    await page.keyboard.press("Enter");
    expect(await focusedId(page)).toBe("main");
    const stops: unknown[] = [];
    for (let i = 0; i < 7; i++) {
      await page.keyboard.press("Tab");
      stops.push(await page.evaluate("document.activeElement.id || document.activeElement.parentElement.id"));
    }
    const rows = ["link-job-a", "run-job-a", "link-job-b", "run-job-b"];
    expect(stops).toEqual(["line-linux-fold", "line-linux", ...rows, "monitor-ci0-fold"]);
    await page.keyboard.press("Enter");
    expect(await page.locator("#monitor-ci0-fold[open]").count()).toBe(1);
    const outline = "getComputedStyle(document.activeElement).outlineStyle";
    expect(await page.evaluate(outline)).toBe("solid");
  });

  it("keeps focus, selected text, what is in view and what is folded when news come, also when rows come and go above", async () => {
    const ids = Array.from({ length: 60 }, (_, i) => `job-${i}`);
    const { page, server } = await openDashboard(lineOf(...ids), { viewport: { width: 1280, height: 500 } });
    await page.locator("#monitor-ci0-fold summary").click();
    await page.locator("#run-job-job-30").focus();
    await page.evaluate(
      `getSelection().selectAllChildren(document.getElementById("job-job-31").querySelector(".repo"))`,
    );
    await page.evaluate("window.row = document.getElementById('job-job-30')");
    const placeOnScreen = "Math.round(window.row.getBoundingClientRect().top)";
    const scrolled = "Math.min(scrollY, document.getElementById('line-linux').scrollTop)";
    expect(await page.evaluate(scrolled)).toBeGreaterThan(0);
    const place = await page.evaluate(placeOnScreen);

    server.publish(lineOf("job-59", ...ids.slice(0, 29), "new", ...ids.slice(30, 59)));
    await page.locator("#job-new").waitFor();
    expect(await focusedId(page)).toBe("run-job-job-30");
    expect(await page.evaluate("window.row.isConnected")).toBe(true);
    expect(await page.evaluate("getSelection().toString()")).toBe("servo/servo");
    expect(await page.evaluate(placeOnScreen)).toBe(place);
    expect(await page.locator("#monitor-ci0-fold[open]").count()).toBe(1);
    expect(await page.locator("tbody tr td.position").allTextContents()).toEqual([
      ...Array.from({ length: 60 }, (_, i) => String(i + 1)),
    ]);
  });

  it("shows after any news just what a page loaded anew would show", async () => {
    const { page, server } = await openDashboard(quietDashboard());
    const shown = () =>
      page.evaluate(`(() => {
        const copy = document.getElementById("main").cloneNode(true);
        for (const time of copy.querySelectorAll("time")) { time.textContent = ""; time.removeAttribute("title"); }
        for (const row of copy.querySelectorAll("tr.new")) row.removeAttribute("class");
        for (const row of copy.querySelectorAll("[class='']")) row.removeAttribute("class");
        return copy.innerHTML.replace(/\\n/g, "");
      })()`);
    const documents = [
      busyDay(),
      lineOf("a", "b", "c"),
      lineOf("c", "a", "x"),
      quietDashboard(),
      busyDay(),
      lineOf("b"),
    ];
    for (const [i, dashboard] of documents.entries()) {
      const version = `version-${i}`;
      server.publish({ ...dashboard, version });
      await page.locator("footer", { hasText: version }).waitFor();
      const afterNews = await shown();
      await page.reload();
      await page.locator("#live.good").waitFor();
      expect(afterNews).toBe(await shown());
    }
  });

  it("never scrolls sideways at 390 pixels, nor in between, not even with the longest names there may be", async () => {
    const long = jobOf({
      qualified_repo: `${"o".repeat(39)}/${"r".repeat(100)}`,
      run_id: "9".repeat(20),
      unique_id: "u".repeat(128),
      runner_count: 100,
      runners_in_hand: 99,
      attempts: 4,
      monitors: ["m".repeat(64), "n".repeat(64)],
    });
    const busy = busyDay();
    const profile_key = "p".repeat(64);
    const profiles = [profileOf({ profile_key, waiting: 1, runners_wanted: 100, jobs: [long] }), ...busy.profiles];
    const { page } = await openDashboard({ ...busy, profiles });
    for (const width of [390, 600, 768, 1024, 1280, 1920]) {
      await page.setViewportSize({ width, height: 800 });
      await page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true");
      expect(await page.evaluate("document.documentElement.scrollWidth"), `at ${width}`).toBe(width);
      expect(await page.locator(".profile td.why").nth(1).isVisible()).toBe(true);
    }
  });

  it("reads well in light and in dark: every text stands out from what is behind it", async () => {
    const grounds: unknown[] = [];
    for (const colorScheme of ["light", "dark"] as const) {
      const { page, troubles } = await openDashboard(busyDay(), { colorScheme });
      grounds.push(await page.evaluate("getComputedStyle(document.body).backgroundColor"));
      expect(await page.evaluate(findFaintTexts)).toEqual([]);
      expect(troubles).toEqual([]);
    }
    expect(new Set(grounds).size).toBe(2);
  });

  it("moves nothing where motion is unwanted", async () => {
    const { page, server } = await openDashboard(lineOf("a"), { reducedMotion: "reduce" });
    server.publish(lineOf("a", "b"));
    await page.locator("#job-b").waitFor();
    expect(await page.evaluate("document.getAnimations().length")).toBe(0);
  });

  it("tells those who cannot see it what its tables, regions and charts are", async () => {
    const { page } = await openDashboard(busyDay());
    await page.getByRole("table", { name: "The line for servo-windows10, the next job first" }).waitFor();
    await page.getByRole("region", { name: "The last jobs that ended, the newest first" }).waitFor();
    const chart = page.getByRole("img", { name: /^Jobs waiting and runners idle in the last hour/ });
    expect(await chart.count()).toBe(4);
    await page.getByRole("columnheader", { name: "Why it waits" }).first().waitFor();
    await page.getByRole("rowheader", { name: "servo/mozjs" }).first().waitFor();
    expect(await page.getByRole("status").count()).toBe(1);
    const ids = (await page.evaluate("[...document.querySelectorAll('[id]')].map(({ id }) => id)")) as string[];
    expect(ids.filter((id, at) => ids.indexOf(id) < at)).toEqual([]);
  });

  it("draws the two lines of a chart in ways that differ without colour", async () => {
    const { page } = await openDashboard(busyDay());
    const dashes = (kind: string) =>
      page.evaluate(`getComputedStyle(document.querySelector(".chart .line.${kind}")).strokeDasharray`);
    expect(await dashes("waiting")).toBe("none");
    expect(await dashes("idle")).not.toBe("none");
  });

  it("shows the first hundred of 10,000 and counts the others, and a hundred rows' news take no time", async () => {
    const { page, server } = await openDashboard(crowdedDashboard(10_000));
    expect(await page.locator(".profile tbody tr").count()).toBe(100);
    expect(await page.locator(".more").textContent()).toBe("and 9,900 more");
    expect(await page.locator(".total").textContent()).toContain("10,000 jobs wait for 10,000 runners");
    expect(await page.title()).toBe("(10000) runner-queue");
    const moved = crowdedDashboard(9_999);
    await page.evaluate(`new PerformanceObserver((list) => {
      window.longest = Math.max(window.longest ?? 0, ...list.getEntries().map(({ duration }) => duration));
    }).observe({ type: "longtask" })`);
    server.publish(moved);
    await page.locator(".more", { hasText: "9,899" }).waitFor();
    expect(await page.evaluate("window.longest ?? 0")).toBeLessThan(500);
  });
});

describe.skipIf(!hasChromium)("an empty house", () => {
  const openPage = useBrowser();

  it("says that nobody waits, that all is well, and that nothing ended: nothing looks broken", async () => {
    const server = await startPageServer({ ...quietDashboard(), profiles: [profileOf({})] });
    onTestFinished(server.close);
    const { page } = await openPage();
    await openLive(page, server.url);
    const text = await page.locator("main").textContent();
    expect(text).toContain("Nobody waits.");
    expect(text).toContain("Every monitor answers, and nothing is paused or drained.");
    expect(text).toContain("No job has ended yet.");
    server.publish({ ...quietDashboard(), profiles: [] });
    await page.getByText("No profile is known yet").waitFor();
  });
});
