// Every monitor is asked on its own clock, at most once per interval however many instances run,
// and ready means: all were asked once.
import { expect, it } from "vitest";
import { enqueueForTicket } from "../support/client.ts";
import { startMonitor } from "../support/monitors.ts";
import { hasRedis, startRedis } from "../support/redis-server.ts";
import { type RunningService, startService } from "../support/service.ts";

it.skipIf(!hasRedis)(
  "three instances on one Redis ask a monitor no more often than one would, and any of them goes on alone",
  async () => {
    const intervalMs = 300;
    await using redis = await startRedis();
    const monitor = await startMonitor();
    const env = { MONITOR_POLL_INTERVAL: `${intervalMs}ms`, ABANDON_AFTER: "10m" };
    const options = { monitors: [monitor], redisUrl: redis.url, env };
    const start = async (): Promise<RunningService> => await startService(options);
    await using a = await start();
    await using b = await start();
    await using _c = await start();
    // while a job waits; else it is asked less often
    await enqueueForTicket(a.url, { profile: "linux", uniqueId: "waits" });
    const [before, startedAt] = [monitor.dashboardsAsked, performance.now()];
    await expect.poll(() => monitor.dashboardsAsked).toBeGreaterThanOrEqual(before + 8);
    const intervals = (performance.now() - startedAt) / intervalMs;
    expect(monitor.dashboardsAsked - before).toBeLessThanOrEqual(Math.ceil(intervals) + 1);
    await a.kill9();
    await b.kill9();
    const left = monitor.dashboardsAsked;
    await expect.poll(() => monitor.dashboardsAsked).toBeGreaterThanOrEqual(left + 3);
  },
);

it("a monitor that hangs delays neither readiness beyond its time-out nor the others' snapshots", async () => {
  const [ill, fine] = [await startMonitor({ name: "ill" }), await startMonitor({ name: "fine" })];
  ill.faults.dashboard = "hang";
  // ready while the first question to it is the only one
  await using service = await startService({ monitors: [ill, fine], env: { MONITOR_POLL_TIMEOUT: "4s" } });
  expect(fine.dashboardsAsked).toBeGreaterThan(1);
  expect(ill.dashboardsAsked).toBe(1);
  await service.onLog(({ msg, monitor }) => msg === "monitor_down" && monitor === "ill");
});
