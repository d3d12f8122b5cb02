// A day and a week: from what jobs did to figures, to JSON, and to a page that reads without its
// charts.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SimulatedMonitor, startSimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import { createStatsLoader, describeStats, hoursOf, type Stats } from "../../src/dashboard/over-time/stats.ts";
import { describeProfile } from "../../src/dashboard/page/over-time/over-time.ts";
import { hasChromium } from "../support/chromium.ts";
import { enqueueForTicket, takeUntilDone } from "../support/client.ts";
import { apiToken, monitorToken, type RunningService, startService } from "../support/service.ts";
import { openLive, useBrowser } from "./browser.ts";

const noon = Date.parse("2026-11-21T12:30:00.000Z");

describe("hours of counters come to", () => {
  it("the steps of a day and of a week, which begin where the day's do and hold the whole period", () => {
    const day = describeStats("day", noon, [["linux", hoursOf("day", noon).map(() => ({}))]]);
    expect([day.from, day.step_minutes, day.profiles[0]?.steps.length]).toEqual(["2026-11-20T12:00:00.000Z", 60, 25]);
    expect(day.profiles[0]?.steps.at(-1)?.at).toBe("2026-11-21T12:00:00.000Z");
    const week = describeStats("week", noon, [["linux", hoursOf("week", noon).map(() => ({}))]]);
    expect([week.from, week.step_minutes, week.profiles[0]?.steps.length]).toEqual([
      "2026-11-14T12:00:00.000Z",
      360,
      29,
    ]);
  });

  it("ends, waits and what stood idle, by step, in all, and by repository", () => {
    const hours = [
      { "t0/o/r": 9, "t11/O/R": 1, "f/o/r": 1, "t3/o/s": 2, m: 60, w: 120, i: 30, x: 15 },
      { "a/o/s": 2, "c/o/s": 1, "r/*": 4, m: 20 },
    ];
    const { profiles } = describeStats("day", noon, [
      [
        "linux",
        [
          ...hoursOf("day", noon)
            .slice(2)
            .map(() => ({})),
          ...hours,
        ],
      ],
    ]);
    const [profile] = profiles;
    expect(profile).toMatchObject({
      served: 12,
      failed: 1,
      abandoned: 2,
      cancelled: 1,
      refused: 4,
      fell_back: 7,
      minutes_seen: 80,
      mean_waiting: 1.5,
      mean_idle: 0.38,
      idle_beside_waiting_minutes: 15,
    });
    expect(profile?.steps.at(-2)).toMatchObject({ served: 12, fell_back: 1, mean_waiting: 2 });
    expect(profile?.steps.at(-1)).toMatchObject({ served: 0, wait_p50_ms: null, abandoned: 2 });
    expect(profile?.repositories.map((one) => [one.qualified_repo, one.served, one.fell_back])).toEqual([
      ["o/r", 10, 1],
      ["o/s", 2, 2],
      [null, 0, 4],
    ]);
    expect(profile?.repositories[0]?.wait_p50_ms).toBeLessThan(1_000);
    if (profile === undefined) return;
    expect(describeProfile(profile, "the last day")).toBe(
      "12 jobs served in the last day, half of them within 1 s, 95 % within 1 min 9 s. 7 jobs fell back (1 failed, 2 abandoned, 4 refused at once), 1 cancelled. Runners stood idle beside jobs that waited: 15 min in all.",
    );
  });

  it("twenty repositories, those with the most jobs; the rest is added up", () => {
    const counts = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`f/o/r${i}`, i + 1]));
    const { profiles } = describeStats("day", noon, [["linux", [counts]]]);
    const repositories = profiles[0]?.repositories ?? [];
    expect(repositories.length).toBe(21);
    expect(repositories[0]).toMatchObject({ qualified_repo: "o/r29", failed: 30 });
    expect(repositories.at(-1)).toMatchObject({ qualified_repo: null, failed: 55 });
  });
});

it("a hundred profiles at once, any one by its name, and the store is asked once in half a minute", async () => {
  let now = noon;
  let asked = 0;
  const administration = {
    profiles: async () => Array.from({ length: 150 }, (_, i) => `p${String(i).padStart(3, "0")}`),
    counts: async (_: string, hours: readonly number[]) => {
      asked += 1;
      return hours.map(() => ({}));
    },
  };
  const load = createStatsLoader(administration, () => now);
  const all = await load("day");
  expect([all.profiles.length, all.profiles_left_out, asked]).toEqual([100, 50, 100]);
  const [one] = (await load("day", "p149")).profiles;
  expect([one?.profile_key, asked]).toEqual(["p149", 101]);
  expect((await load("day", "unknown")).profiles).toEqual([]);
  now += 29_999;
  await Promise.all([load("day"), load("day", "p149")]);
  expect(asked).toBe(101);
  now += 1;
  await load("day");
  expect(asked).toBe(201);
});

describe("what jobs did is told over time", { timeout: 120_000 }, () => {
  let monitor: SimulatedMonitor;
  let service: RunningService;
  beforeAll(async () => {
    monitor = await startSimulatedMonitor({ name: "ci0", token: monitorToken, profiles: { linux: 1, mac: 0 } });
    service = await startService({ monitors: [monitor], env: { DASHBOARD_TOKEN: "who-may-look-at-the-page" } });
    const asked = { profile: "linux", repo: "servo/<b>".replace(/[<>]/g, ""), runId: "4711" };
    const ticket = await enqueueForTicket(service.url, { ...asked, uniqueId: "served" });
    await takeUntilDone(service.url, "served", ticket, { withinMs: 30_000 });
    const left = await enqueueForTicket(service.url, { ...asked, uniqueId: "left" });
    await fetch(`${service.url}/jobs/left?token=${left}`, { method: "DELETE" });
  });
  afterAll(async () => {
    await service?.[Symbol.asyncDispose]();
    await monitor?.close();
  });
  const ask = (query: string, headers: Record<string, string> = { authorization: `Bearer ${apiToken}` }) =>
    fetch(`${service.url}/stats.json${query}`, { headers });

  it("as JSON, to whoever may look at the page", async () => {
    for (const query of ["", "?period=week", "?profile=linux"]) {
      const { profiles } = (await (await ask(query)).json()) as Stats;
      const linux = profiles.find(({ profile_key }) => profile_key === "linux");
      expect(linux).toMatchObject({ served: 1, cancelled: 1, fell_back: 0 });
      expect(linux?.repositories).toMatchObject([{ qualified_repo: "servo/b", served: 1 }]);
      if (query === "?profile=linux") expect(profiles.length).toBe(1);
    }
    expect((await ask("?period=year")).status).toBe(400);
    expect((await ask("?perod=day")).status).toBe(400);
    expect((await ask("", {})).status).toBe(401);
    expect((await ask("", { authorization: "Bearer who-may-look-at-the-page" })).status).toBe(200);
  });

  describe.skipIf(!hasChromium)("on a page", () => {
    const openPage = useBrowser();

    it("by keyboard, on a phone: in words, by repository, and each figure of the charts in a table", async () => {
      const { page, troubles } = await openPage({
        viewport: { width: 360, height: 740 },
        httpCredentials: { username: "any", password: "who-may-look-at-the-page" },
      });
      await openLive(page, `${service.url}/`);
      await page.locator("#over-time").focus();
      await page.keyboard.press("Enter");
      await page.locator("#view-name", { hasText: "the last day" }).waitFor();
      await page
        .locator("#over-time-linux", { hasText: "1 job served in the last day, half of them within" })
        .waitFor();
      expect(await page.locator("#over-time-linux svg[role=img]").count()).toBe(2);
      await page.locator("#over-time-linux-fold summary").focus();
      await page.keyboard.press("Enter");
      const rows = page.locator("#over-time-linux-steps tbody tr");
      expect(await rows.count()).toBe(25);
      expect(await rows.last().locator("td").first().textContent()).toBe("1");
      expect(await page.locator("#over-time-linux-repositories").textContent()).toContain("servo/b");
      await page.locator("#other-period").focus();
      await page.keyboard.press("Enter");
      await page.locator("#view-name", { hasText: "the last seven days" }).waitFor();
      expect(new URL(page.url()).search).toBe("?period=week");
      expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
      expect(troubles).toEqual([]);
    });
  });
});
