// Who knows a whole unique_id can enqueue it first: strangers see its first eight characters,
// wherever they look.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SimulatedMonitor, startSimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import type { Dashboard } from "../../src/dashboard/dashboard-data.ts";
import { hasChromium } from "../support/chromium.ts";
import { enqueueForTicket } from "../support/client.ts";
import { monitorToken, type RunningService, startService } from "../support/service.ts";
import { openLive, useBrowser } from "./browser.ts";

const operatorToken = "operator-of-the-ids";
const callerToken = "caller-of-the-ids";
const viewToken = "viewer-of-the-ids";
const paths = ["/", "/dashboard.json", "/dashboard.txt", "/events", "/events?as=html"];
/**
 * What follows the first eight characters is no year: the page joins those to a time by a hyphen.
 */
const createId = () => randomUUID().replace(/(?<=^.{8}-)./, "f");
const waiting = createId();
const ended = createId();
const basic = (password: string) => `Basic ${btoa(`anybody:${password}`)}`;

describe("the ids on a dashboard", () => {
  let monitor: SimulatedMonitor;
  let open: RunningService;
  let closed: RunningService;
  const bearer = { authorization: `Bearer ${operatorToken}` };
  beforeAll(async () => {
    monitor = await startSimulatedMonitor({ name: "ci0", token: monitorToken, profiles: { linux: 1 } });
    const env = {
      API_TOKENS: callerToken,
      OPERATOR_TOKENS: operatorToken,
      MONITOR_API_TOKEN: monitorToken,
      ABANDON_AFTER: "10m",
    };
    open = await startService({ monitors: [monitor], env });
    closed = await startService({ monitors: [monitor], env: { ...env, DASHBOARD_TOKEN: viewToken } });
    for (const { url } of [open, closed]) {
      await enqueueForTicket(url, { profile: "linux", uniqueId: ended, token: callerToken });
      await fetch(`${url}/jobs/${ended}`, { method: "DELETE", headers: bearer });
      await enqueueForTicket(url, { profile: "linux", uniqueId: waiting, token: callerToken });
    }
  });
  afterAll(async () => {
    await open?.[Symbol.asyncDispose]();
    await closed?.[Symbol.asyncDispose]();
    await monitor?.close();
  });

  /** What is said first, and of streams no more than that. */
  async function look(url: string, authorization?: string): Promise<string> {
    const stopping = new AbortController();
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    const reply = await fetch(url, { headers, signal: stopping.signal });
    expect(reply.status).toBe(200);
    const chunks = reply.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    // Both jobs are in every view, the one that ended behind the one that waits; a document is up
    // to a second old.
    while (!text.includes(waiting.slice(0, 8)) || !text.includes(ended.slice(0, 8))) {
      const chunk = await chunks?.read();
      if (chunk === undefined || chunk.done) break;
      text += chunk.value;
    }
    stopping.abort();
    return text;
  }

  it("are their first eight characters for strangers, and for callers that are no operators, in every view", async () => {
    for (const path of paths) {
      for (const authorization of [undefined, `Bearer ${callerToken}`, "Bearer wrong", basic("wrong")]) {
        const text = await look(open.url + path, authorization);
        for (const id of [waiting, ended]) {
          expect(text, path).toContain(id.slice(0, 8));
          expect(text, path).not.toContain(id.slice(0, 10));
        }
      }
    }
  });

  it("are whole for an operator's token, by bearer or by Basic, and for DASHBOARD_TOKEN", async () => {
    for (const path of paths) {
      for (const [url, authorization] of [
        [open.url, `Bearer ${operatorToken}`],
        [open.url, basic(operatorToken)],
        [closed.url, `Bearer ${operatorToken}`],
        [closed.url, `Bearer ${viewToken}`],
        [closed.url, basic(viewToken)],
      ] as const) {
        const text = await look(url + path, authorization);
        for (const id of [waiting, ended]) expect(text, path).toContain(id);
      }
    }
  });

  it("say in the document whether they are whole", async () => {
    const load = async (headers: Record<string, string>) =>
      ((await (await fetch(`${open.url}/dashboard.json`, { headers })).json()) as Dashboard).unique_ids;
    expect([await load({}), await load(bearer)]).toEqual(["shortened", "whole"]);
  });

  describe.skipIf(!hasChromium)("in a browser", () => {
    const openPage = useBrowser();

    it("stand in the line and among the ended, as the workflow's log shows them", async () => {
      const { page, troubles } = await openPage();
      await openLive(page, `${open.url}/`);
      expect(await page.locator(".profile td.job").allTextContents()).toEqual([waiting.slice(0, 8)]);
      expect(await page.locator("#ends-table td.job").allTextContents()).toEqual([ended.slice(0, 8)]);
      expect(troubles).toEqual([]);
    });
  });
});
