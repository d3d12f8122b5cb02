// Three instances on one Redis, many polls at once: every runner is reserved once, and the order is
// kept.
import { expect, it } from "vitest";
import { startSimulatedFleet } from "../../scripts/simulated-fleet/fleet.ts";
import { enqueueForTicket, take } from "../support/client.ts";
import { hasRedis, startRedis } from "../support/redis-server.ts";
import { monitorToken, startService } from "../support/service.ts";

const profile = "linux";

it.skipIf(!hasRedis)(
  "200 polls at once of 50 jobs by three instances reserve every runner once, for the first in line",
  async () => {
    await using redis = await startRedis();
    const perMonitor = { [profile]: 5 };
    const fleet = await startSimulatedFleet({
      monitors: 4,
      perMonitor,
      token: monitorToken,
      habits: { startsAfterMs: null, takeMs: 20 },
    });
    const options = { monitors: fleet.monitors, redisUrl: redis.url, env: { MONITOR_MAX_INFLIGHT: "2" } };
    await using a = await startService(options);
    await using b = await startService(options);
    await using c = await startService(options);
    const urls = [a.url, b.url, c.url];
    const ids = Array.from({ length: 50 }, (_, n) => `job-${String(n).padStart(2, "0")}`);
    const tickets: string[] = [];
    for (const [n, uniqueId] of ids.entries())
      tickets.push(await enqueueForTicket(urls[n % 3] ?? "", { profile, uniqueId }));

    const answers = new Map<string, string>();
    const takenBefore = new Map<string, number>();
    for (let round = 0; answers.size < 20; round++) {
      expect(round, "rounds of 200 polls").toBeLessThan(60);
      const polls = ids.flatMap((uniqueId, n) =>
        [0, 1, 2, 3].map((i) => ({ uniqueId, ticket: tickets[n] ?? "", url: urls[(n + i) % 3] ?? "" })),
      );
      const replies = await Promise.all(
        polls.map(async (poll) => ({ ...poll, reply: await take(poll.url, poll.uniqueId, poll.ticket) })),
      );
      for (const { uniqueId, reply } of replies) {
        expect([200, 503]).toContain(reply.status);
        if (reply.status !== 200) continue;
        expect(reply.text).toBe(answers.get(uniqueId) ?? reply.text);
        answers.set(uniqueId, reply.text);
        takenBefore.set(uniqueId, takenBefore.get(uniqueId) ?? round);
      }
    }
    // 20 runners for 50 jobs: exactly the first 20 of the line got one, each its own.
    expect([...answers.keys()].sort()).toEqual(ids.slice(0, 20));
    expect(new Set(answers.values()).size).toBe(20);
    const reserved = fleet.monitors.flatMap((monitor) => monitor.runners().map(({ reservedFor }) => reservedFor));
    expect(reserved.sort()).toEqual(ids.slice(0, 20));
    for (const monitor of fleet.monitors) expect(monitor.maxConcurrentTakes).toBeLessThanOrEqual(2);
    await fleet.close();
  },
);

it.skipIf(!hasRedis)(
  "two profiles on one monitor share its places for takes: never more than MONITOR_MAX_INFLIGHT at once",
  async () => {
    await using redis = await startRedis();
    const perMonitor = { linux: 6, windows: 6 };
    const fleet = await startSimulatedFleet({
      monitors: 1,
      perMonitor,
      token: monitorToken,
      habits: { startsAfterMs: null, takeMs: 30 },
    });
    const options = { monitors: fleet.monitors, redisUrl: redis.url, env: { MONITOR_MAX_INFLIGHT: "2" } };
    await using a = await startService(options);
    await using b = await startService(options);
    const jobs = await Promise.all(
      Array.from({ length: 12 }, async (_, n) => {
        const uniqueId = `job-${n}`;
        const ticket = await enqueueForTicket(a.url, { profile: n % 2 === 0 ? "linux" : "windows", uniqueId });
        return { uniqueId, ticket };
      }),
    );
    const done = new Set<string>();
    const giveUpAt = performance.now() + 20_000;
    while (done.size < jobs.length) {
      expect(performance.now(), "every job has its runner within 20 s").toBeLessThan(giveUpAt);
      const replies = await Promise.all(
        jobs.map(({ uniqueId, ticket }, n) => take(n % 3 === 0 ? a.url : b.url, uniqueId, ticket)),
      );
      for (const [n, reply] of replies.entries()) if (reply.status === 200) done.add(jobs[n]?.uniqueId ?? "");
    }
    expect(fleet.monitors[0]?.maxConcurrentTakes).toBeLessThanOrEqual(2);
    await fleet.close();
  },
);
