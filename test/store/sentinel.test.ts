// A master that is killed under Sentinel: its replica may have missed the last claims. The line is
// kept, and jobs of before wait until evidence clears them; jobs enqueued since are free.
import { describe, expect, it, vi } from "vitest";
import { createRedisStore } from "../../src/store/redis/redis-store.ts";
import { enqueueForTicket, runnerIdsIn, take, takeUntilDone } from "../support/client.ts";
import { startMonitor } from "../support/monitors.ts";
import { createQueueOver } from "../support/queue-over.ts";
import { startWatchedRedis } from "../support/redis-sentinel.ts";
import { hasRedis } from "../support/redis-server.ts";
import { startService } from "../support/service.ts";
import { testSettings } from "../support/settings.ts";

describe.skipIf(!hasRedis)("a master that is killed under Sentinel", () => {
  it("loses no job of the line: those of before are not claimed before evidence, those enqueued since are free to go", async () => {
    await using watched = await startWatchedRedis();
    // nobody settles these claims: all three are under way at once
    const settings = testSettings({ MONITOR_MAX_INFLIGHT: "4" });
    const standings: string[] = [];
    const store = createRedisStore(watched.url, "rq", settings, ({ kind }) => standings.push(kind));
    const queue = createQueueOver(store, settings);
    const counts = new Map([["p", { idle: 4, target: 4, healthy: 4 }]]);
    const show = async () => {
      const { now } = await store.readDocument("served");
      await queue.finishPoll("ci0", now, { kind: "snapshot", counts }, { nextInMs: 1000, idleInMs: 1000 });
    };
    const enqueue = async (uniqueId: string) => {
      const request = { uniqueId, profileKey: "p", runnerCount: 1, qualifiedRepo: "o/r", runId: "1" };
      const reply = await queue.enqueue(request);
      if (reply.kind !== "accepted") throw new Error(reply.kind);
      return { ...request, place: reply.place };
    };
    await vi.waitFor(show, { timeout: 60_000, interval: 50 });
    const [one, two] = [await enqueue("one"), await enqueue("two")];
    const { lostAt } = await queue.sweep("p");
    await watched.replicated();
    await watched.master.kill();
    await watched.promoted();
    await vi.waitFor(show, { timeout: 60_000, interval: 50 });

    expect(await queue.poll(one, "c1")).toMatchObject({ kind: "suspect", wait: { reason: "reconciling" } });
    expect((await queue.poll(two, "c2")).kind).toBe("suspect");
    const since = await enqueue("since");
    expect((await queue.poll(since, "c3")).kind).toBe("claimed");
    const next = await queue.sweep("p");
    expect(next.lostAt).toBeGreaterThan(lostAt);
    for (const [ticket, claim] of [
      [one, "c4"],
      [two, "c5"],
    ] as const) {
      const { now } = await store.readDocument("served");
      const clear = { claimId: null, claimedAt: now, legs: [], found: [], clearedFor: next.lostAt };
      expect((await queue.settle(ticket, clear)).reply.kind).toBe("queued");
      expect((await queue.poll(ticket, claim)).kind).toBe("claimed");
    }
    expect(standings).toEqual(["store_up", "store_down", "store_up"]);
    await store.close();
  });

  it("takes no job's place: whoever waits goes on asking the service, and gets one runner, in the old order", async () => {
    await using watched = await startWatchedRedis();
    const monitor = await startMonitor({ profiles: { linux: 1 }, habits: { reservedForMs: 600_000 } });
    const env = { MONITOR_SETTLE: "300ms", UNKNOWN_HOLD: "6s" };
    await using service = await startService({ monitors: [monitor], redisUrl: watched.url, env });
    const first = await enqueueForTicket(service.url, { profile: "linux", uniqueId: "first" });
    const answer = await takeUntilDone(service.url, "first", first);
    expect(answer.status).toBe(200);
    const ids = ["one", "two", "three"];
    const tickets = new Map<string, string>();
    for (const uniqueId of ids)
      tickets.set(uniqueId, await enqueueForTicket(service.url, { profile: "linux", uniqueId }));
    const positions = async () =>
      await Promise.all(
        [...tickets].map(async ([uniqueId, ticket]) => {
          const { status, headers } = await take(service.url, uniqueId, ticket);
          return [status, headers.get("x-queue-position")];
        }),
      );
    await positions();
    const places = ["1", "2", "3"].map((position) => [503, position]);
    expect(await positions()).toEqual(places);
    await watched.replicated();
    await watched.master.kill();
    await service.onLog(({ msg }) => /^store_down/.test(String(msg)), 60_000);
    await watched.promoted();

    // cleared by the monitor's evidence, each is back where it was
    await vi.waitFor(async () => expect(await positions()).toEqual(places), { timeout: 60_000, interval: 100 });
    const again = await take(service.url, "first", first);
    expect([again.headers.get("x-queue-reason"), again.text]).toEqual([null, answer.text]);
    for (const uniqueId of ids) {
      monitor.freeOne("linux");
      const reply = await takeUntilDone(service.url, uniqueId, tickets.get(uniqueId) ?? "");
      expect(runnerIdsIn(reply)).toEqual(monitor.reservedFor(uniqueId).map(({ id }) => id));
    }
    expect(monitor.takes.map(({ uniqueId }) => uniqueId)).toEqual(["first", ...ids]);
    const standings = service.logLines().map(({ msg }) => /^store_(up|down)/.exec(String(msg))?.[0]);
    expect(standings.filter((word) => word !== undefined)).toEqual(["store_up", "store_down", "store_up"]);
  });
});
