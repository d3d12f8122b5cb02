// DASHBOARD_TOKEN closes all of the operator's view, and both ways to send it open all of it, in a
// browser too.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SimulatedMonitor, startSimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import { hasChromium } from "../support/chromium.ts";
import { apiToken, monitorToken, type RunningService, startService } from "../support/service.ts";
import { useBrowser } from "./browser.ts";

const token = "see-the-line";
const paths = ["/", "/dashboard.json", "/dashboard.txt", "/profiles/linux/jobs", "/events", "/events?as=html"];
const basic = (password: string) => `Basic ${btoa(`anybody:${password}`)}`;

describe("a dashboard with a token", () => {
  let monitor: SimulatedMonitor;
  let service: RunningService;
  beforeAll(async () => {
    monitor = await startSimulatedMonitor({ name: "ci0", token: monitorToken, profiles: { linux: 1 } });
    service = await startService({ monitors: [monitor], env: { DASHBOARD_TOKEN: token } });
  });
  afterAll(async () => {
    await service?.[Symbol.asyncDispose]();
    await monitor?.close();
  });
  const ask = async (path: string, authorization?: string) => {
    const stopping = new AbortController();
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    const reply = await fetch(service.url + path, { headers, signal: stopping.signal });
    const first = await reply.body?.getReader().read();
    stopping.abort();
    return {
      status: reply.status,
      challenge: reply.headers.get("www-authenticate"),
      text: new TextDecoder().decode(first?.value),
    };
  };

  it("answers 401 with a challenge, and nothing of what it knows, to all who lack it", async () => {
    for (const path of paths) {
      for (const wrong of [undefined, "Bearer wrong", basic("wrong"), basic(""), "Basic !", `Bearer ${monitorToken}`]) {
        const { status, challenge, text } = await ask(path, wrong);
        expect([path, status, challenge]).toEqual([path, 401, 'Basic realm="runner-queue", charset="UTF-8"']);
        expect(text).not.toMatch(/ci0|linux/);
      }
    }
  });

  it("opens to the token as a bearer and as any user's password, and to an operator's bearer", async () => {
    for (const path of paths) {
      for (const right of [`Bearer ${token}`, basic(token), `Bearer ${apiToken}`]) {
        const { status, challenge } = await ask(path, right);
        expect([path, status, challenge]).toEqual([path, 200, null]);
      }
    }
  });

  describe.skipIf(!hasChromium)("in a browser", () => {
    const openPage = useBrowser();

    it("is live for whoever gave the password, and shows nothing to whoever did not", async () => {
      const { page, troubles } = await openPage({ httpCredentials: { username: "me", password: token } });
      await page.goto(`${service.url}/`);
      await page.locator("#live.good").waitFor();
      await page.locator("#monitor-ci0").waitFor();
      expect(troubles).toEqual([]);
      const { page: other } = await openPage({ httpCredentials: { username: "me", password: "wrong" } });
      const reply = await other.goto(`${service.url}/`);
      expect(reply?.status()).toBe(401);
      expect(await other.locator("#monitor-ci0").count()).toBe(0);
    });
  });
});
