// An operator acts in the page: by keyboard alone, after their token was given, with a confirmation
// that says what will happen; and nobody else can.
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SimulatedMonitor, startSimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import { hasChromium } from "../support/chromium.ts";
import { enqueueForTicket, take } from "../support/client.ts";
import { monitorToken, type RunningService, startService } from "../support/service.ts";
import { openLive, useBrowser } from "./browser.ts";

const operatorToken = "operator-in-the-page";
const phone = { viewport: { width: 360, height: 740 } };

interface Entry {
  readonly what: string;
  readonly by: string | null;
  readonly note: string | null;
  readonly until: string | null;
}

/** Tabs until an element of this id has the focus. */
async function tabTo(page: Page, id: string): Promise<void> {
  for (let presses = 0; presses < 80; presses++) {
    if ((await page.evaluate("document.activeElement?.id")) === id) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`no Tab reaches ${id}`);
}

async function press(page: Page, id: string): Promise<void> {
  await tabTo(page, id);
  await page.keyboard.press("Enter");
}

async function typeInto(page: Page, id: string, text: string): Promise<void> {
  await tabTo(page, id);
  await page.keyboard.type(text);
}

async function actAsOperator(page: Page, token = operatorToken): Promise<void> {
  await press(page, "operate");
  await typeInto(page, "token", token);
  await typeInto(page, "who", "ann");
  await page.keyboard.press("Enter");
}

describe.skipIf(!hasChromium)("in the page", { timeout: 60_000 }, () => {
  const openPage = useBrowser();
  let monitor: SimulatedMonitor;
  let service: RunningService;
  beforeAll(async () => {
    monitor = await startSimulatedMonitor({ name: "ci0", token: monitorToken, profiles: { linux: 1 } });
    const env = { OPERATOR_TOKENS: operatorToken, ABANDON_AFTER: "10m" };
    service = await startService({ monitors: [monitor], env });
  });
  afterAll(async () => {
    await service?.[Symbol.asyncDispose]();
    await monitor?.close();
  });
  const history = async (): Promise<readonly Entry[]> => {
    const headers = { authorization: `Bearer ${operatorToken}` };
    const reply = await fetch(`${service.url}/history.json`, { headers });
    return ((await reply.json()) as { entries: Entry[] }).entries;
  };

  for (const [device, options] of [
    ["a desk, in light", { colorScheme: "light" }],
    ["a phone, in dark", { ...phone, colorScheme: "dark" }],
  ] as const) {
    it(`a monitor is drained and resumed by keyboard alone on ${device}: the history says who, why and until when`, async () => {
      const { page, troubles } = await openPage(options);
      await openLive(page, `${service.url}/`);
      expect(await page.locator("#act-drain-ci0").isVisible()).toBe(false);
      await actAsOperator(page);
      await page.locator("#done", { hasText: "You act as ann" }).waitFor();

      await press(page, "act-drain-ci0");
      const dialog = page.getByRole("dialog", { name: "Drain ci0?" });
      await dialog.waitFor();
      expect(await dialog.textContent()).toContain("ci0 gets no more takes");
      await typeInto(page, "act-note", "new disk");
      await typeInto(page, "act-until", "2h");
      await page.keyboard.press("Enter");
      await page.locator("#done", { hasText: "ci0 is draining." }).waitFor();
      await page.locator("#monitor-ci0", { hasText: "new disk" }).waitFor();
      const [drained] = await history();
      expect(drained).toMatchObject({ what: "drained", by: "ann", note: "new disk" });
      expect(Date.parse(drained?.until ?? "")).toBeGreaterThan(Date.now() + 7_000_000);

      await press(page, "act-resume-ci0");
      await page.getByRole("dialog", { name: "Resume ci0?" }).waitFor();
      await press(page, "act-go");
      await page.locator("#act-drain-ci0").waitFor();
      expect((await history())[0]).toMatchObject({ what: "resumed", by: "ann" });
      expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
      expect(troubles).toEqual([]);
    });
  }

  it("a profile is paused, and a waiting job cancelled on its own page, which the row of the line leads to", async () => {
    const { page, troubles } = await openPage(phone);
    await openLive(page, `${service.url}/`);
    await actAsOperator(page);
    await press(page, "act-pause-linux");
    await page.getByRole("dialog", { name: "Pause linux?" }).waitFor();
    await typeInto(page, "act-note", "upgrade");
    await page.keyboard.press("Enter");
    await page.locator("#profile-linux", { hasText: "upgrade" }).waitFor();
    const uniqueId = "7c1d-a-whole-id";
    const ticket = await enqueueForTicket(service.url, { profile: "linux", uniqueId });
    await take(service.url, uniqueId, ticket);

    const link = page.locator(`a[href="jobs/${uniqueId}"]`).first();
    await link.focus();
    await page.keyboard.press("Enter");
    await page.locator("#view-name", { hasText: uniqueId }).waitFor();
    expect(new URL(page.url()).pathname).toBe(`/jobs/${uniqueId}`);
    expect(await page.locator("#job-why").textContent()).toMatch(/^Has waited \d+ s/);
    await press(page, `act-cancel-${uniqueId}`);
    await page.getByRole("dialog", { name: `Cancel job ${uniqueId}?` }).waitFor();
    await press(page, "act-go");
    await page.locator("#job", { hasText: "cancelled" }).waitFor();
    expect((await history())[0]).toMatchObject({ what: "cancelled", by: "ann" });
    expect((await take(service.url, uniqueId, ticket)).text).toContain("job_cancelled");

    await page.goBack();
    await page.locator("#profile-linux").waitFor();
    await press(page, "act-unpause-linux");
    await press(page, "act-go");
    await page.locator("#act-pause-linux").waitFor();
    expect(troubles).toEqual([]);
  });

  it("a waiting job is put to the front of its line by keyboard alone, and told before how many; the history says who and why", async () => {
    const headers = { authorization: `Bearer ${operatorToken}` };
    const act = (path: string) => fetch(`${service.url}/${path}`, { method: "POST", headers });
    await act("profiles/linux/pause?by=bob&note=so%20that%20they%20wait");
    const [first, second, urgent] = ["stands-first", "stands-second", "an-urgent-one"] as const;
    for (const uniqueId of [first, second, urgent]) {
      const ticket = await enqueueForTicket(service.url, { profile: "linux", uniqueId });
      await take(service.url, uniqueId, ticket);
    }
    const { page, troubles } = await openPage(phone);
    await openLive(page, `${service.url}/`);
    await actAsOperator(page);
    await page.locator(`a[href="jobs/${urgent}"]`).first().focus();
    await page.keyboard.press("Enter");
    await page.locator("#job", { hasText: /Place in line\s*3/ }).waitFor();
    await press(page, `act-expedite-${urgent}`);
    const dialog = page.getByRole("dialog", { name: `Expedite job ${urgent}?` });
    await dialog.waitFor();
    expect(await dialog.textContent()).toContain(
      "goes to the front of its profile linux, before the 2 jobs that are ahead of it now.",
    );
    await typeInto(page, "act-note", "release");
    await page.keyboard.press("Enter");
    await page.locator("#done", { hasText: `Job ${urgent} is at the front of linux.` }).waitFor();
    await page.locator("#job", { hasText: /put to the front by an operator.*Place in line\s*1/s }).waitFor();
    await page.locator("#life", { hasText: "put to the front by an operator" }).waitFor();
    expect((await history())[0]).toMatchObject({ what: "expedited", by: "ann", note: "release" });
    // it stands there already, so there is only the place to give up
    expect(await page.locator("#job .acts button").allTextContents()).toEqual(["Cancel…"]);
    expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
    expect(troubles).toEqual([]);
    for (const uniqueId of [first, second, urgent]) await act(`jobs/${uniqueId}/cancel`);
    await act("profiles/linux/resume");
  });

  it("a token that is no operator's opens nothing, one that stops acting is forgotten, and neither is kept anywhere", async () => {
    const { page } = await openPage();
    await openLive(page, `${service.url}/`);
    await actAsOperator(page, "api-token-of-the-tests");
    await page.locator("#token-wrong", { hasText: "but not operate the queue" }).waitFor();
    expect(await page.locator("#act-drain-ci0").isVisible()).toBe(false);
    await page.keyboard.press("Escape");
    await actAsOperator(page);
    await page.locator("#act-drain-ci0").waitFor();
    expect(await page.evaluate("[document.cookie, localStorage.length, sessionStorage.length]")).toEqual(["", 0, 0]);
    expect(await page.content()).not.toContain(operatorToken);
    await press(page, "operate");
    expect(await page.locator("#act-drain-ci0").isVisible()).toBe(false);
    await page.reload();
    await page.locator("#live", { hasText: /^Live$/ }).waitFor();
    expect(await page.locator("#act-drain-ci0").isVisible()).toBe(false);
  });

  it("an act that the queue refuses says why, and nothing is done", async () => {
    const { page } = await openPage();
    await openLive(page, `${service.url}/`);
    await actAsOperator(page);
    await press(page, "act-drain-ci0");
    await typeInto(page, "act-note", "x");
    await typeInto(page, "act-until", "yesterday");
    await page.keyboard.press("Enter");
    await page.locator("#act-wrong", { hasText: "until: a time to come" }).waitFor();
    await press(page, "act-leave");
    expect(await page.locator("#monitor-ci0").textContent()).not.toContain("Drained");
  });
});
