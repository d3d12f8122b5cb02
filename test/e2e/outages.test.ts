// Real processes that are away for longer than ABANDON_AFTER: nobody loses a place by it.
import { describe, expect, it } from "vitest";
import type { SimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import { enqueueForTicket, take, takeUntilDone } from "../support/client.ts";
import { startMonitor } from "../support/monitors.ts";
import { hasRedis, startRedis } from "../support/redis-server.ts";
import { monitorToken, type RunningService, startService } from "../support/service.ts";

const profile = "linux";
/** A slow machine needs seconds from being heard again to the last of the polls. */
const env = { ABANDON_AFTER: "8s", MONITOR_SETTLE: "300ms", UNKNOWN_HOLD: "6s" };
const awayMs = 10_000;
const jobs = ["first", "second", "third"];

/** A fleet of three runners that somebody else has: the line waits. */
async function startBusyMonitor(): Promise<SimulatedMonitor> {
  const monitor = await startMonitor({ profiles: { [profile]: 3 }, habits: { startsAfterMs: null } });
  for (const other of [1, 2, 3]) {
    const query = `unique_id=other-${other}&qualified_repo=o%2Fr&run_id=1`;
    const headers = { authorization: `Bearer ${monitorToken}` };
    const response = await fetch(`${monitor.url}/profile/${profile}/take?${query}`, { method: "POST", headers });
    expect(response.status).toBe(200);
  }
  return monitor;
}

async function enqueueAll(url: string): Promise<ReadonlyMap<string, string>> {
  const tickets = new Map<string, string>();
  for (const uniqueId of jobs) tickets.set(uniqueId, await enqueueForTicket(url, { profile, uniqueId }));
  for (const [uniqueId, ticket] of tickets) expect((await take(url, uniqueId, ticket)).status).toBe(503);
  return tickets;
}

/** Everybody comes back, and one runner after the other comes free: who was served, in order. */
async function serveAll(url: string, monitor: SimulatedMonitor, tickets: ReadonlyMap<string, string>) {
  const order: string[] = [];
  // all are heard before anything is given out
  for (const [uniqueId, ticket] of tickets) expect((await take(url, uniqueId, ticket)).status).toBe(503);
  const waiters = [...tickets].map(async ([uniqueId, ticket]) => {
    const reply = await takeUntilDone(url, uniqueId, ticket);
    expect([uniqueId, reply.status]).toEqual([uniqueId, 200]);
    order.push(uniqueId);
    if (order.length < jobs.length) monitor.freeOne(profile);
  });
  monitor.freeOne(profile);
  await Promise.all(waiters);
  for (const uniqueId of jobs) expect(monitor.reservedFor(uniqueId)).toHaveLength(1);
  return order;
}

const abandonedIn = (service: RunningService) => service.logLines().filter(({ msg }) => msg === "abandoned");

function away(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, awayMs));
}

describe("longer than ABANDON_AFTER", () => {
  it.skipIf(!hasRedis)(
    "all instances on a Redis are stopped and started again: every job gets its runner in order, none is abandoned",
    async () => {
      await using redis = await startRedis(true);
      const monitor = await startBusyMonitor();
      const options = { monitors: [monitor], redisUrl: redis.url, env };
      const before = await Promise.all([startService(options), startService(options)]);
      const [one] = before;
      const tickets = await enqueueAll(one.url);
      await Promise.all(before.map((service) => service.kill9()));
      await away();
      const [after, other] = await Promise.all([
        startService({ ...options, port: Number(new URL(one.url).port) }),
        startService(options),
      ]);
      await using _ended = after;
      await using _endedToo = other;
      expect(await serveAll(after.url, monitor, tickets)).toEqual(jobs);
      expect([...abandonedIn(after), ...abandonedIn(other)]).toEqual([]);
    },
  );

  it("the only process is suspended, on the embedded store: every job gets its runner in order, none is abandoned", async () => {
    const monitor = await startBusyMonitor();
    await using service = await startService({ monitors: [monitor], env });
    const tickets = await enqueueAll(service.url);
    service.pause();
    await away();
    service.resume();
    expect(await serveAll(service.url, monitor, tickets)).toEqual(jobs);
    expect(abandonedIn(service)).toEqual([]);
  });

  it("everybody stays away from a service that runs: what it abandons it says", async () => {
    const monitor = await startBusyMonitor();
    await using service = await startService({ monitors: [monitor], env });
    const ticket = await enqueueForTicket(service.url, { profile, uniqueId: "left" });
    await service.onLog(({ msg }) => msg === "abandoned");
    expect((await take(service.url, "left", ticket)).status).toBe(404);
    expect(abandonedIn(service)).toHaveLength(1);
  });
});
