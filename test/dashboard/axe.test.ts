// What axe-core knows of accessibility, on every kind of page: light and dark, wide and on a phone,
// with ordinary names and with hostile ones.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeStats, hoursOf } from "../../src/dashboard/over-time/stats.ts";
import { renderRunView, renderSearchView } from "../../src/dashboard/page/found.ts";
import { renderJobView, renderNoJob } from "../../src/dashboard/page/job.ts";
import { renderOverTime } from "../../src/dashboard/page/over-time/over-time.ts";
import { renderMain, renderPage } from "../../src/dashboard/page/page.ts";
import { renderLinePage } from "../../src/dashboard/page/profile/line-page.ts";
import { renderReasons } from "../../src/dashboard/page/reasons.ts";
import { hasChromium } from "../support/chromium.ts";
import { useBrowser } from "./browser.ts";
import { busyDay } from "./busy-day.ts";
import { endOf, noon, quietDashboard } from "./documents.ts";
import { hostileDashboard, hostileMarkup } from "./hostile-dashboard.ts";

const axe = readFileSync(new URL("../../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const wholeLinks = { root: "../", ids: "whole" } as const;

function statsOf(profileKey: string, repository: string) {
  const at = Date.parse(noon);
  const hours = hoursOf("day", at).map((_, i) =>
    i % 5 === 4 ? {} : { [`t${4 + (i % 9)}/${repository}`]: 1 + i, [`f/${repository}`]: i % 3, m: 60, w: 60 * i, x: i },
  );
  return describeStats("day", at, [
    [profileKey, hours],
    ["quiet", []],
  ]);
}

function jobView(text: string) {
  const now = Date.parse(noon);
  const request = { uniqueId: text, profileKey: text, runnerCount: 1, qualifiedRepo: text, runId: "1" };
  const job = {
    ...request,
    place: (now - 60_000) * 1000,
    state: "taken",
    attempts: 2,
    endedAt: now,
    spentRunners: [text],
    runnerNames: [text],
    waits: [[0, "no_capacity", 1, 4, ""]],
    tries: [[50, text, "taken", text, 1]],
    start: { state: "started", since: now, reservedAt: now, runners: [text] },
  };
  const inspected = { kind: "job", job, position: null, outlook: null, ahead: null, now };
  return renderJobView(inspected as never, null, "https://github.com/o/r/actions/runs/1");
}

/** Every kind of page, by what it is. */
function pagesOf(): Readonly<Record<string, string>> {
  const busy = busyDay(noon);
  const hostile = hostileDashboard(hostileMarkup);
  const found = [endOf({ unique_id: hostileMarkup, qualified_repo: hostileMarkup, run_id: hostileMarkup })];
  // where a page holds others' texts, they are hostile ones
  const pages = {
    "a busy day": renderMain(busy),
    "a quiet day": renderMain(quietDashboard()),
    "hostile names": renderMain(hostile),
    "over time": renderOverTime(statsOf(hostileMarkup, hostileMarkup)),
    "a job": jobView(hostileMarkup),
    "no job": renderNoJob(true),
    "a run": renderRunView(
      "1",
      found.map((entry) => ({ entry, why: null, start: "started" as const })),
      wholeLinks,
    ),
    "what was found": renderSearchView(hostileMarkup, found, { root: "", ids: "whole" }),
    "a whole line": renderLinePage(busy.profiles[1] ?? null, 1, noon, wholeLinks),
    reasons: renderReasons(),
    "no store": null,
  };
  return Object.fromEntries(
    Object.entries(pages).map(([name, main]) => [name, String(renderPage(main === null ? null : String(main), ""))]),
  );
}

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** What all of axe's rules find, best practices included. */
async function findViolations(page: Page): Promise<string[]> {
  const found = (await page.evaluate(`${axe}; axe.run(document).then(({ violations }) => violations)`)) as Violation[];
  return found.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 200)} ${nodes[0]?.failureSummary}`);
}

describe.skipIf(!hasChromium)("axe-core finds nothing", { timeout: 300_000 }, () => {
  const openPage = useBrowser();
  const pages = pagesOf();
  const server = createServer((request, response) => {
    const name = decodeURIComponent((request.url ?? "").slice(1));
    const body = pages[name];
    response.writeHead(body === undefined ? 404 : 200, { "content-type": "text/html; charset=utf-8" }).end(body ?? "");
  });
  beforeAll(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)));
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  for (const [how, options] of [
    ["light and wide", { colorScheme: "light", viewport: { width: 1440, height: 900 } }],
    ["dark, on a phone", { colorScheme: "dark", viewport: { width: 360, height: 740 } }],
  ] as const) {
    it(`${how}, on every kind of page, with all that is folded opened`, async () => {
      const { page } = await openPage({ ...options, javaScriptEnabled: true });
      // without a stream the page would dim itself
      await page.route("**/events*", () => {});
      for (const name of Object.keys(pages)) {
        await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/${encodeURIComponent(name)}`);
        await page.evaluate(`for (const one of document.querySelectorAll("details")) one.open = true`);
        expect({ name, found: await findViolations(page) }).toEqual({ name, found: [] });
      }
    });
  }

  it("in the dialogs of who acts, and while the connection is lost", async () => {
    const { page } = await openPage({ colorScheme: "light" });
    const port = (server.address() as AddressInfo).port;
    await page.goto(`http://127.0.0.1:${port}/${encodeURIComponent("a busy day")}`);
    await page.locator("#banner", { hasText: "Connection lost" }).waitFor();
    expect(await findViolations(page)).toEqual([]);
    await page.locator("#operate").click();
    expect(await findViolations(page)).toEqual([]);
  });
});
