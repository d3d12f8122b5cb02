// Times tick in the browser, by the queue's clock, and not in the markup: while nothing happens,
// nothing is sent.
import { describe, expect, it, onTestFinished } from "vitest";
import type { Dashboard } from "../../src/dashboard/dashboard-data.ts";
import { renderMain } from "../../src/dashboard/page/page.ts";
import { hasChromium } from "../support/chromium.ts";
import { openLive, useBrowser } from "./browser.ts";
import { busyDay } from "./busy-day.ts";
import { before, endOf, jobOf, monitorOf, noon, profileOf, quietDashboard } from "./documents.ts";
import { startPageServer } from "./page-server.ts";

const later = before(noon, -1);

/** The same house a second later, when everybody polled and every well monitor answered again. */
function aSecondLater(dashboard: Dashboard): Dashboard {
  return {
    ...dashboard,
    at: later,
    profiles: dashboard.profiles.map((profile) => ({
      ...profile,
      oldest_waited_ms: profile.oldest_waited_ms === null ? null : profile.oldest_waited_ms + 1_000,
      jobs: profile.jobs.map((job) => ({
        ...job,
        waited_ms: job.waited_ms + 1_000,
        last_poll_at: job.reason === "asleep" || job.last_poll_at === null ? job.last_poll_at : later,
      })),
    })),
    monitors: dashboard.monitors.map((monitor) =>
      monitor.state === "fresh" ? { ...monitor, answered_at: later, next_ask_at: later } : monitor,
    ),
  };
}

describe("the markup of a document", () => {
  it("is the same a second later when nothing but time, polls and healthy monitors' answers went on", () => {
    for (const dashboard of [quietDashboard(), busyDay()]) {
      expect(String(renderMain(aSecondLater(dashboard)))).toBe(String(renderMain(dashboard)));
    }
  });

  it("changes when a job moves up, a poll is missed, or a monitor falls silent", () => {
    const of = (job: Parameters<typeof jobOf>[0], monitor: Parameters<typeof monitorOf>[0] = {}) =>
      String(
        renderMain({
          ...quietDashboard(),
          profiles: [profileOf({ waiting: 1, jobs: [jobOf(job)] })],
          monitors: [monitorOf(monitor)],
        }),
      );
    const said = [
      of({}),
      of({ position: 2 }),
      of({ reason: "asleep" }),
      of({ last_poll_at: before(noon, 25) }),
      of({}, { state: "stale" }),
    ];
    expect(new Set(said).size).toBe(said.length);
  });
});

describe.skipIf(!hasChromium)("a time on the page", () => {
  const openPage = useBrowser();
  const openDashboard = async (dashboard: Dashboard, browserTime: string) => {
    const server = await startPageServer(dashboard);
    onTestFinished(server.close);
    const { page } = await openPage();
    // A clock can be stopped only at a time to come.
    await page.clock.install({ time: before(browserTime, 10) });
    await page.clock.pauseAt(browserTime);
    await openLive(page, server.url);
    return { page, server };
  };
  const waiting: Dashboard = {
    ...quietDashboard(),
    profiles: [
      profileOf({
        waiting: 2,
        runners_wanted: 2,
        jobs: [
          jobOf({ unique_id: "a", last_poll_at: before(noon, 25) }, 130),
          jobOf({ unique_id: "b", position: 2 }, 3_599),
        ],
      }),
    ],
    monitors: [
      monitorOf({ state: "failing", failures: 2, answered_at: before(noon, 90_061), next_ask_at: before(noon, -8) }),
    ],
    ends: [endOf({}, 3_600), endOf({}, 200_000)],
  };

  it("ticks in whole seconds, counts down to what is to come, and shows the day only where it is not today", async () => {
    const { page } = await openDashboard(waiting, noon);
    const text = (selector: string) => page.locator(selector).allTextContents();
    expect(await text("td.waited time")).toEqual(["2 min 10 s", "59 min 59 s"]);
    expect(await text("td.poll")).toEqual(["25 s ago", "just now"]);
    expect(await text(".illness")).toEqual(["No dashboard for 1 d 1 h: 2 failures in a row; asked again in 8 s."]);
    expect(await text("td.when")).toEqual(["11:00:00", "19 Nov, 04:26"]);
    await page.clock.runFor(1_000);
    expect(await text("td.waited time")).toEqual(["2 min 11 s", "1 h 0 min"]);
    await page.clock.runFor(8_000);
    expect(await text(".illness")).toEqual(["No dashboard for 1 d 1 h: 2 failures in a row; asked again now."]);
  });

  it("is right where the browser's clock is hours wrong", async () => {
    const { page } = await openDashboard(waiting, before(noon, 9_000));
    await page.locator("td.waited time", { hasText: "2 min 10 s" }).waitFor();
    expect(await page.locator("td.when time").first().textContent()).toBe("11:00:00");
  });

  it("says since when in plain UTC, on a page that reloads itself, where scripts are off", async () => {
    const server = await startPageServer(waiting);
    onTestFinished(server.close);
    const { page, troubles } = await openPage({ javaScriptEnabled: false });
    await page.goto(server.url);
    expect(await page.locator("td.waited time").first().textContent()).toBe("since 2026-11-21 11:57:50 UTC");
    expect(await page.locator("noscript meta[http-equiv=refresh]").getAttribute("content")).toBe("10");
    expect(await page.locator("#live").textContent()).toBe("New every 10 seconds");
    expect(troubles).toEqual([]);
  });
});
