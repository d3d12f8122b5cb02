// The loops of the service run while somebody asks, rest when nobody does, and are never there
// twice.
import { setTimeout as delay } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import type { SimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import { composeService } from "../../src/compose.ts";
import { queueSettingsOf } from "../../src/config/queue-settings.ts";
import { parseConfig } from "../../src/config.ts";
import { nodeTransport } from "../../src/monitors/called/node-transport.ts";
import { createEmbeddedStore } from "../../src/store/embedded/embedded-store.ts";
import { createVigil } from "../../src/worker/vigil.ts";
import { startMonitor } from "../support/monitors.ts";
import { apiToken, monitorToken } from "../support/service.ts";

async function startResting() {
  const monitor = await startMonitor();
  const parsed = parseConfig({
    MONITORS: `ci0=${monitor.url}`,
    API_TOKENS: apiToken,
    MONITOR_API_TOKEN: monitorToken,
    MONITOR_POLL_INTERVAL: "100ms",
  });
  if (parsed.kind === "problems") throw new Error(parsed.problems.join("; "));
  const store = createEmbeddedStore(queueSettingsOf(parsed.config), Date.now);
  let sweeps = 0;
  const counted = {
    ...store,
    listProfiles: () => {
      sweeps += 1;
      return store.listProfiles();
    },
  };
  const platform = { peerOf: () => undefined, transport: nodeTransport };
  const service = await composeService(parsed.config, counted, () => {}, "0", platform);
  onTestFinished(() => service.stop());
  return { monitor, service, sweeps: () => sweeps };
}

/** Resolves with how often it was asked, when it is asked no more. */
async function untilRests(monitor: SimulatedMonitor): Promise<number> {
  for (let asked = -1; ; asked = monitor.dashboardsAsked) {
    // longer than the slowest pace of a monitor for which nobody waits
    await delay(700);
    if (asked === monitor.dashboardsAsked) return asked;
  }
}

it("they begin with the first who asks, who waits until the fleet was asked, and rest when nobody has asked for a while", async () => {
  const { monitor, service } = await startResting();
  const vigil = createVigil(service, 300, 50);
  await delay(150);
  expect(monitor.dashboardsAsked).toBe(0);
  await vigil.wake();
  expect(monitor.dashboardsAsked).toBeGreaterThan(0);
  const asked = await untilRests(monitor);
  await vigil.wake();
  await expect.poll(() => monitor.dashboardsAsked).toBeGreaterThan(asked);
});

it("who wakes them hears of the fleet as it is, not as it was before the rest", async () => {
  const { monitor, service } = await startResting();
  const vigil = createVigil(service, 200, 20);
  await vigil.wake();
  await untilRests(monitor);
  monitor.setTarget("mac", 1);
  await vigil.wake();
  const query = "unique_id=a&qualified_repo=o/r&run_id=1";
  const headers = { authorization: `Bearer ${apiToken}` };
  const reply = await service.app.request(`/profile/mac/enqueue?${query}`, { method: "POST", headers });
  expect(reply.status).toBe(200);
});

it("resting and waking in one breath leaves one loop of each", async () => {
  const { service, sweeps } = await startResting();
  for (let n = 0; n < 20; n++) {
    service.start();
    service.rest();
  }
  service.start();
  await expect.poll(sweeps).toBeGreaterThan(0);
  await delay(300);
  const [before, begun] = [sweeps(), performance.now()];
  await expect.poll(sweeps).toBeGreaterThanOrEqual(before + 3);
  // one loop looks once a second
  expect(sweeps() - before).toBeLessThanOrEqual(1 + (performance.now() - begun) / 990);
});
