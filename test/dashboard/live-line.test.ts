// What an operator sees of the real service: who waits and why, who got what, and which host is
// ill.
import { describe, expect, it } from "vitest";
import { hasChromium } from "../support/chromium.ts";
import { enqueueForTicket, takeUntilDone } from "../support/client.ts";
import { startMonitor } from "../support/monitors.ts";
import { apiToken } from "../support/service.ts";
import { openLive, useBrowser } from "./browser.ts";
import { startOwnService } from "./own-service.ts";

const operator = { authorization: `Bearer ${apiToken}` };

describe.skipIf(!hasChromium)("an operator who looks at the page", () => {
  const openPage = useBrowser();
  /** Stays in line, as a workflow step would, until it has its runner or the test is over. */
  const waitInLine = async (url: string, uniqueId: string, runId: string) => {
    const ticket = await enqueueForTicket(url, { profile: "linux", uniqueId, repo: "me/repo", runId });
    const taken = takeUntilDone(url, uniqueId, ticket);
    taken.catch(() => {});
    return { taken };
  };

  it("sees a job come, why it waits, that it moves up, and which runner it got after how long", async () => {
    const monitor = await startMonitor({ profiles: { linux: 1 } });
    const service = await startOwnService({ monitors: [monitor] });
    const { page, troubles, requests } = await openPage();
    await openLive(page, `${service.url}/`);
    await page.getByText("Nobody waits.", { exact: true }).waitFor();

    await (await waitInLine(service.url, "a", "101")).taken;
    await page.locator("#ends-table tr", { hasText: "101" }).waitFor();
    const b = await waitInLine(service.url, "b", "102");
    await waitInLine(service.url, "c", "103");
    await page.locator("#job-b", { hasText: "No runner is free" }).waitFor();
    await page.locator("#job-c td.position", { hasText: "2" }).waitFor();
    expect(await page.locator("#job-c td.waited").textContent()).toMatch(/^\d s$/);
    expect(await page.locator(".total").textContent()).toMatch(
      /^0 runners free to claim(, 1 at work)?\. 2 jobs wait for 2 runners\. 1 of 1 monitor well\.$/,
    );

    monitor.freeOne("linux");
    await b.taken;
    await page.locator("#job-c td.position", { hasText: "1" }).waitFor();
    const end = page.locator("#ends-table tr", { hasText: "102" });
    await end.waitFor();
    expect(await end.locator("td, th").allTextContents()).toEqual([
      expect.stringMatching(/^\d\d:\d\d:\d\d$/),
      "taken",
      "b",
      "me/repo",
      "102",
      "linux",
      `ci0/${monitor.reservedFor("b")[0]?.id}`,
      expect.stringMatching(/^\d+ s$/),
    ]);
    expect(await page.locator("#run-job-c").getAttribute("href")).toBe("https://github.com/me/repo/actions/runs/103");
    expect(troubles).toEqual([]);
    expect(requests.filter((url) => !url.startsWith(`${service.url}/`) && !url.startsWith("data:"))).toEqual([]);
  });

  it("sees who drained a monitor or paused a profile, why and until when, and that it is over", async () => {
    const monitor = await startMonitor({ profiles: { linux: 1 } });
    const service = await startOwnService({ monitors: [monitor] });
    const act = async (path: string) => {
      const { status } = await fetch(`${service.url}/${path}`, { method: "POST", headers: operator });
      expect(status).toBe(200);
    };
    const { page } = await openPage();
    await openLive(page, `${service.url}/`);
    await act("monitors/ci0/drain?by=mara&note=new%20<kernel>");
    await act("profiles/linux/pause?by=delan&note=image&until=2h");
    await waitInLine(service.url, "a", "101");
    await page.locator("#job-a", { hasText: "The profile is paused" }).waitFor();
    const clock = /\d\d:\d\d(:\d\d)?/.source;
    expect(await page.locator("#monitor-ci0 .act").textContent()).toMatch(
      new RegExp(`^Drained by mara: new <kernel>, since ${clock}, until somebody resumes it\\.$`),
    );
    expect(await page.locator("#profile-linux .act").textContent()).toMatch(
      new RegExp(`^Paused by delan: image, since ${clock}, until .*${clock}\\.$`),
    );
    expect(await page.locator(".concerns li").allTextContents()).toEqual([
      "ci0 is draining: new <kernel>",
      "linux is paused: image",
    ]);
    await act("monitors/ci0/resume");
    await act("profiles/linux/resume");
    await page.getByText("nothing is paused or drained").waitFor();
    await page.locator("#ends-table tr", { hasText: "101" }).waitFor();
    expect(await page.locator(".act").count()).toBe(0);
  });

  it("sees which host is ill and since when, and when it is well again", async () => {
    const [well, ill] = [await startMonitor({ name: "ci0" }), await startMonitor({ name: "ci1" })];
    const service = await startOwnService({ monitors: [well, ill] });
    const { page } = await openPage();
    await openLive(page, `${service.url}/`);
    ill.faults.dashboard = "error500";
    await page.locator("#monitor-ci1 .badge", { hasText: "failing" }).waitFor();
    expect(await page.locator("#monitor-ci1 .illness").textContent()).toMatch(
      /^No dashboard for \d s: \d+ failures? in a row; asked again (now|in \d s)\.$/,
    );
    expect(await page.locator(".total").textContent()).toContain("1 of 2 monitors well");
    expect(await page.locator(".concerns").textContent()).toContain("ci1 gives no dashboard");
    ill.faults.dashboard = "none";
    await page.locator("#monitor-ci1 .badge", { hasText: "fresh" }).waitFor();
    await page.getByText("Every monitor answers").waitFor();
  });

  it("sees that a monitor refuses takes, also between its back-offs, until one succeeds", async () => {
    const monitor = await startMonitor({ profiles: { linux: 1 } });
    const service = await startOwnService({ monitors: [monitor], env: { MAX_ATTEMPTS: "3" } });
    const { page } = await openPage();
    await openLive(page, `${service.url}/`);
    monitor.faults.take = "refuseNull";
    const refused = await waitInLine(service.url, "refused", "101");
    const concern = page.locator(".concerns li", { hasText: "ci0 refused its last 3 takes of linux" });
    await concern.waitFor();
    expect((await refused.taken).status).toBe(200);
    expect(await page.locator(".total").textContent()).toContain("0 of 1 monitor well");
    await page.locator("#monitor-ci0 .badge", { hasText: "backing off" }).waitFor({ state: "detached" });
    expect(await concern.count()).toBe(1);
    monitor.faults.take = "none";
    await (await waitInLine(service.url, "served", "102")).taken;
    await page.getByText("Every monitor answers").waitFor();
    expect(await page.locator(".total").textContent()).toContain("1 of 1 monitor well");
  });

  it("sees the first hundred of a long line and how many more wait", async () => {
    const monitor = await startMonitor({ profiles: { linux: 1 } });
    const service = await startOwnService({ monitors: [monitor], env: { ABANDON_AFTER: "10m" } });
    const jobs = 1_200;
    let next = 0;
    const enqueueSome = async () => {
      while (next < jobs) {
        next += 1;
        await enqueueForTicket(service.url, { profile: "linux", uniqueId: `job-${next}` });
      }
    };
    await Promise.all(Array.from({ length: 32 }, enqueueSome));
    const { page } = await openPage();
    await openLive(page, `${service.url}/`);

    expect(await page.locator(".profile tbody tr").count()).toBe(100);
    expect(await page.locator(".more").textContent()).toBe("and 1,100 more");
  });
});
