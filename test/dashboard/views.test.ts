// Pages of jobs, runs and whole lines, and the search that finds them; for strangers without whole
// ids.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SimulatedMonitor, startSimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import { hasChromium } from "../support/chromium.ts";
import { enqueueForTicket, take, takeUntilDone } from "../support/client.ts";
import { apiToken, monitorToken, type RunningService, startService } from "../support/service.ts";
import { openLive, useBrowser } from "./browser.ts";

const served = "11111111-served-and-done";
const waiting = "22222222-waits-in-line";
const bearer = { authorization: `Bearer ${apiToken}` };

describe("beside the dashboard there is", { timeout: 60_000 }, () => {
  let monitor: SimulatedMonitor;
  let service: RunningService;
  let ticket: string;
  beforeAll(async () => {
    monitor = await startSimulatedMonitor({ name: "ci0", token: monitorToken, profiles: { linux: 1 } });
    service = await startService({ monitors: [monitor], env: { ABANDON_AFTER: "10m" } });
    const asked = { profile: "linux", repo: "servo/servo", runId: "4711" };
    ticket = await enqueueForTicket(service.url, { ...asked, uniqueId: served });
    await takeUntilDone(service.url, served, ticket, { withinMs: 15_000 });
    const second = await enqueueForTicket(service.url, { ...asked, uniqueId: waiting });
    await take(service.url, waiting, second);
  });
  afterAll(async () => {
    await service?.[Symbol.asyncDispose]();
    await monitor?.close();
  });
  const look = async (path: string, headers: Record<string, string> = {}) => {
    const reply = await fetch(service.url + path, { headers: { accept: "text/html", ...headers } });
    return { status: reply.status, type: reply.headers.get("content-type"), text: await reply.text() };
  };

  it("a page for a job, to operators: why, its life, and its runner by GitHub's name; JSON stays JSON", async () => {
    const page = await look(`/jobs/${served}`, bearer);
    expect([page.status, page.type]).toEqual([200, "text/html; charset=utf-8"]);
    for (const words of [
      "then taken",
      "ci-runner-linux.",
      "@ci0",
      "asking for runners",
      "gave its runner",
      "../runs/4711",
    ])
      expect(page.text).toContain(words);
    expect((await look(`/jobs/${served}`)).text).not.toContain("ci-runner-linux");
    const forMachines = await fetch(`${service.url}/jobs/${served}`, { headers: bearer });
    expect(((await forMachines.json()) as { state: string }).state).toBe("taken");
    const withTicket = await look(`/jobs/${served}?token=${ticket}`);
    expect(withTicket.type).toContain("application/json");
    expect((await look("/jobs/unknown", bearer)).text).toContain("knows no such job");
  });

  it("a page for a run, to everybody: each of its jobs, and why; whole ids only for operators", async () => {
    const open = await look("/runs/4711");
    for (const words of ["11111111", "22222222", "no runner free", "ci-runner-linux."])
      expect(open.text).toContain(words);
    for (const id of [served, waiting]) expect(open.text).not.toContain(id);
    const whole = await look("/runs/4711", bearer);
    for (const id of [served, waiting]) expect(whole.text).toContain(`../jobs/${id}`);
    expect((await look("/runs/99")).text).toContain("remembers no job");
    expect((await look("/runs/x")).status).toBe(404);
  });

  it("a search by id, run and repository", async () => {
    for (const q of ["22222222", "4711", "SERVO/"]) expect((await look(`/search?q=${q}`)).text).toContain("22222222");
    expect((await look(`/search?q=${waiting}`, bearer)).text).toContain(`jobs/${waiting}`);
    expect((await look("/search?q=nothing-of-that-kind")).text).not.toContain("22222222");
    expect((await look("/search")).text).not.toContain("22222222");
  });

  it("a search tells of a job that still waits no time that is long over, and an expedite is no state", async () => {
    const path = `/jobs/${waiting}/expedite?note=release`;
    expect((await fetch(service.url + path, { method: "POST", headers: bearer })).status).toBe(200);
    await expect.poll(async () => (await look("/lines/linux")).text).toContain("22222222");
    const { text } = await look("/search?q=22222222");
    expect(text).toContain('<span class="badge calm">queued</span>');
    expect(text).not.toMatch(/waited 0 s|expedited/);
  });

  it("the page that explains reasons, which never changes and so asks for no news", async () => {
    const { status, text } = await look("/reasons");
    expect([status, text.includes("no_capacity"), text.includes("<script")]).toEqual([200, true, false]);
  });

  it("the whole line, page by page", async () => {
    const first = await look("/lines/linux");
    expect(first.text).toContain("22222222");
    expect(first.text).not.toContain(waiting);
    expect((await look("/lines/linux?page=2")).text).toContain("Nobody stands here");
    expect((await look("/lines/beos")).text).toContain("ever named this profile");
    for (const path of ["/lines/linux?page=0", "/lines/linux?page=x"]) expect((await look(path)).status).toBe(404);
  });

  describe.skipIf(!hasChromium)("in a browser", () => {
    const openPage = useBrowser();

    it("is all of it live, found by the search box, and left by the back button", async () => {
      const { page, troubles } = await openPage({ viewport: { width: 360, height: 740 } });
      await openLive(page, `${service.url}/`);
      await page.locator("#sought").focus();
      await page.keyboard.type("4711");
      await page.keyboard.press("Enter");
      await page.locator("#view-name", { hasText: "Found for 4711" }).waitFor();
      await page.locator('a[href="runs/4711"]').first().focus();
      await page.keyboard.press("Enter");
      await page.locator("#view-name", { hasText: "Run 4711" }).waitFor();
      expect(await page.title()).toBe("Run 4711 - runner-queue");
      await page.locator("#live", { hasText: /^Live$/ }).waitFor();
      expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
      await page.goBack();
      await page.locator("#view-name", { hasText: "Found for 4711" }).waitFor();
      await page.locator("#home").focus();
      await page.keyboard.press("Enter");
      await page.locator("#profile-linux").waitFor();
      expect(troubles).toEqual([]);
    });

    it("is live below a path of its own from the first look on", async () => {
      const { page, troubles } = await openPage();
      await openLive(page, `${service.url}/runs/4711`);
      await page.locator("#found-table", { hasText: "22222222" }).waitFor();
      await page.locator("#home").focus();
      await page.keyboard.press("Enter");
      await page.locator("#profile-linux").waitFor();
      expect(new URL(page.url()).pathname).toBe("/");
      expect(troubles).toEqual([]);
    });
  });
});
