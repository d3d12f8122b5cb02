// The page notices when it is cut off, says so, and comes back by itself; below any path, behind a
// proxy.
import { createServer, request as startRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { hasChromium } from "../support/chromium.ts";
import { enqueueForTicket } from "../support/client.ts";
import { startMonitor } from "../support/monitors.ts";
import { hasRedis, startRedis } from "../support/redis-server.ts";
import { openLive, useBrowser } from "./browser.ts";
import { before, jobOf, noon, profileOf, quietDashboard } from "./documents.ts";
import { startOwnService } from "./own-service.ts";
import { startPageServer } from "./page-server.ts";

const clock = /\d\d:\d\d:\d\d/.source;

/**
 * Passes everything below /queue on to the service, as a reverse proxy would, and answers 404 to
 * all else. Tells what was asked.
 */
async function startProxy(target: string) {
  const paths: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    paths.push(path);
    if (!path.startsWith("/queue/")) {
      response.writeHead(404).end();
      return;
    }
    const { method, headers } = request;
    const onward = startRequest(new URL(path.slice("/queue".length), target), { method, headers }, (reply) => {
      response.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(response);
    });
    onward.on("error", () => response.destroy());
    response.on("close", () => onward.destroy());
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, paths };
}

describe.skipIf(!hasChromium)("the page", () => {
  const openPage = useBrowser();

  it("says since when the connection is lost, keeps what it last knew, and recovers when the service is back", async () => {
    const monitor = await startMonitor();
    const service = await startOwnService({ monitors: [monitor] });
    await enqueueForTicket(service.url, { profile: "linux", uniqueId: "before" });
    const { page } = await openPage();
    await openLive(page, `${service.url}/`);
    await page.locator("#job-before").waitFor();
    expect(await page.getByRole("status").textContent()).toBe("");

    await service.kill9();
    const banner = page.getByRole("status").filter({ hasText: "Connection lost" });
    await banner.waitFor();
    expect(await banner.textContent()).toMatch(new RegExp(`^Connection lost since ${clock}, trying again$`));
    expect(await page.locator("#live").textContent()).toBe("Not live");
    expect(await page.locator("#job-before").count()).toBe(1);

    const port = Number(new URL(service.url).port);
    const back = await startOwnService({ monitors: [monitor], port });
    await enqueueForTicket(back.url, { profile: "linux", uniqueId: "after" });
    await page.locator("#job-after").waitFor();
    await page.locator("#live", { hasText: /^Live$/ }).waitFor();
    expect(await page.getByRole("status").textContent()).toBe("");
    expect(await page.locator("#job-before").count()).toBe(0);
  });

  it("looks and counts like something of the past while the connection is lost: dimmed, clocks stopped, the tab says so", async () => {
    const waiting = {
      ...quietDashboard(),
      profiles: [profileOf({ waiting: 1, runners_wanted: 1, jobs: [jobOf({ unique_id: "a" }, 60)] })],
    };
    const server = await startPageServer(waiting);
    onTestFinished(server.close);
    const { page } = await openPage();
    await openLive(page, server.url);
    const waited = page.locator("#job-a td.waited time");
    const filter = "getComputedStyle(document.getElementById('main')).filter";
    expect([await page.title(), await page.evaluate(filter)]).toEqual(["(1) runner-queue", "none"]);
    server.refuseEvents(503);
    await page.getByRole("status").filter({ hasText: "Connection lost" }).waitFor();
    expect(await page.title()).toBe("Not live: runner-queue");
    expect(await page.evaluate(filter)).toMatch(/^grayscale\(1\) brightness\(0\.[5-8]\d*\)$/);
    const stopped = await waited.textContent();
    // Three looks at the clock, which would otherwise go on by a second each.
    await page.evaluate(`new Promise((resolve) => {
      let looks = 0;
      const timer = setInterval(() => { looks += 1; if (looks === 3) { clearInterval(timer); resolve(); } }, 1000);
    })`);
    expect(await waited.textContent()).toBe(stopped);
    server.publish({ ...waiting, at: before(noon, -3_600) });
    server.refuseEvents(null);
    await page.locator("#live", { hasText: /^Live$/ }).waitFor();
    expect(await page.title()).toBe("(1) runner-queue");
    expect(await page.evaluate(filter)).toBe("none");
    await page.locator("#job-a td.waited time", { hasText: "1 h 1 min" }).waitFor();
  });

  it("says nothing of a stream that ends while the next one opens at once", async () => {
    const server = await startPageServer(quietDashboard());
    onTestFinished(server.close);
    const { page } = await openPage();
    await page.addInitScript(`addEventListener("DOMContentLoaded", () => {
      window.said = [];
      const banner = document.getElementById("banner");
      new MutationObserver(() => window.said.push(banner.textContent)).observe(banner, { childList: true });
    })`);
    await openLive(page, server.url);
    server.refuseEvents(204);
    server.refuseEvents(null);
    await page.waitForRequest(`${server.url}events?as=html`);
    server.publish({ ...quietDashboard(), version: "news" });
    await page.locator("footer", { hasText: "news" }).waitFor();
    expect(await page.evaluate("window.said")).toEqual([]);
  });

  for (const status of [503, 401, 404]) {
    it(`tries again also after a ${status}, of which the browser's own stream would never recover`, async () => {
      const server = await startPageServer(quietDashboard());
      onTestFinished(server.close);
      const { page } = await openPage();
      await openLive(page, server.url);
      server.refuseEvents(status);
      await page.getByRole("status").filter({ hasText: "Connection lost" }).waitFor();
      server.publish({
        ...quietDashboard(),
        profiles: [profileOf({ waiting: 1, jobs: [jobOf({ unique_id: "new" })] })],
      });
      server.refuseEvents(null);
      await page.locator("#job-new").waitFor();
      expect(await page.getByRole("status").textContent()).toBe("");
    });
  }

  it.skipIf(!hasRedis)(
    "comes even while the store is away, says so, and shows the line as soon as it answers",
    async () => {
      await using redis = await startRedis(true);
      const service = await startOwnService({ monitors: [await startMonitor()], redisUrl: redis.url });
      const { page } = await openPage();
      await openLive(page, `${service.url}/`);
      await redis.kill();
      const words = new RegExp(`^The queue's store does not answer since ${clock}, trying again$`);
      const banner = page.getByRole("status").filter({ hasText: words });
      await banner.waitFor();
      const { page: late, troubles } = await openPage();
      await late.goto(`${service.url}/`);
      await late.getByText("The store does not answer.").waitFor();
      await late.getByRole("status").filter({ hasText: words }).waitFor();
      expect(troubles).toEqual([]);
      await redis.start();
      for (const one of [page, late]) {
        await one.locator("#live", { hasText: /^Live$/ }).waitFor();
        expect(await one.getByRole("status").textContent()).toBe("");
        await one.locator("#profile-linux").waitFor();
      }
    },
  );

  it("works below a path of a proxy: no request leaves that path, nor this host", async () => {
    const service = await startOwnService({ monitors: [await startMonitor()] });
    const proxy = await startProxy(service.url);
    const { page, requests, troubles } = await openPage();
    await openLive(page, `${proxy.url}/queue/`);
    await enqueueForTicket(service.url, { profile: "linux", uniqueId: "a" });
    await page.locator("#job-a").waitFor();
    for (const [name, holds] of [
      ["as-json", '"unique_id":"a"'],
      ["as-text", "1 job waits for 1 runner"],
    ] as const) {
      const href = await page.locator(`#${name}`).getAttribute("href");
      const reply = await fetch(new URL(href ?? "", page.url()));
      expect(await reply.text()).toContain(holds);
    }
    expect(troubles).toEqual([]);
    expect(requests.filter((url) => !url.startsWith(`${proxy.url}/queue/`) && !url.startsWith("data:"))).toEqual([]);
    expect(proxy.paths.filter((path) => !path.startsWith("/queue/"))).toEqual([]);
  });
});
