// Every monitor is asked on its own clock, at most once per interval however many instances run, and ready means: all were asked once.
import { expect, it } from "vitest";
import { startSimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import { enqueueForTicket } from "../support/client.ts";
import { hasRedis, startRedis } from "../support/redis-server.ts";
import { monitorToken, startService } from "../support/service.ts";

it.skipIf(!hasRedis)(
  "three instances on one Redis ask a monitor no more often than one would",
  { timeout: 30_000 },
  async () => {
    await using redis = await startRedis();
    const monitor = await startSimulatedMonitor({ name: "ci0", token: monitorToken, profiles: { linux: 1 } });
    const options = { monitors: [monitor], redisUrl: redis.url, env: { MONITOR_POLL_INTERVAL: "300ms" } };
    await using a = await startService(options);
    await using b = await startService(options);
    await using c = await startService(options);
    // while a job waits; else it is asked less often
    await enqueueForTicket(a.url, { profile: "linux", uniqueId: "waits" });
    const [before, startedAt] = [monitor.dashboardsAsked, performance.now()];
    while (monitor.dashboardsAsked < before + 8) await fetch(`${a.url}/healthz`);
    const intervals = (performance.now() - startedAt) / 300;
    expect(monitor.dashboardsAsked - before).toBeLessThanOrEqual(Math.ceil(intervals) + 1);
    expect([b.pid, c.pid].every((pid) => pid > 0)).toBe(true);
    await monitor.close();
  },
);

it("a monitor that hangs delays neither readiness beyond its time-out nor the others' snapshots", {
  timeout: 30_000,
}, async () => {
  const [ill, fine] = await Promise.all(
    ["ill", "fine"].map((name) => startSimulatedMonitor({ name, token: monitorToken, profiles: { linux: 1 } })),
  );
  if (ill === undefined || fine === undefined) throw new Error("no monitors");
  ill.faults.dashboard = "hang";
  await using service = await startService({ monitors: [ill, fine], env: { MONITOR_POLL_TIMEOUT: "600ms" } });
  expect(fine.dashboardsAsked).toBeGreaterThan(1);
  expect(ill.dashboardsAsked).toBe(1);
  await service.onLog(({ msg, monitor }) => msg === "monitor_down" && monitor === "ill");
  await Promise.all([ill.close(), fine.close()]);
});
