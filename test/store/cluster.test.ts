// On a real Cluster: profiles lie on all masters, and a slot that moves while jobs wait costs
// nobody their place, and is no loss of the store.
import { describe, expect, it } from "vitest";
import { createKeys } from "../../src/store/redis/keys.ts";
import { enqueue, enqueueForTicket, runnerIdsIn, take, takeUntilDone } from "../support/client.ts";
import { startMonitor } from "../support/monitors.ts";
import { startRedisCluster } from "../support/redis-cluster.ts";
import { hasRedis } from "../support/redis-server.ts";
import { type RunningService, startService } from "../support/service.ts";

const headOf = (profile: string) => createKeys("rq").ofProfile(profile)[0] ?? "";

/** What must not be in a log: the store was lost, or something of ours broke. */
const alarmsOf = (service: RunningService) =>
  service.logLines().filter(({ msg, level }) => /^store_down|reconcil/.test(String(msg)) || Number(level) >= 50);

describe.skipIf(!hasRedis)("on a cluster of three masters", () => {
  it("jobs of profiles on all masters wait and are served; a slot that is moved meanwhile keeps the line, without a round of evidence", async () => {
    await using cluster = await startRedisCluster();
    // one profile at least on each master
    const profiles = ["linux", "arm", "windows", "macos", "gpu", "small"];
    const owners = await Promise.all(
      profiles.map(async (name) => await cluster.ownerOf(await cluster.slotOf(headOf(name)))),
    );
    expect(new Set(owners).size).toBe(3);
    const monitor = await startMonitor({
      profiles: Object.fromEntries(profiles.map((name) => [name, 1])),
      habits: { reservedForMs: 600_000 },
    });
    await using service = await startService({ monitors: [monitor], redisUrl: cluster.url });
    for (const profile of profiles) {
      const ticket = await enqueueForTicket(service.url, { profile, uniqueId: `${profile}-0` });
      expect((await takeUntilDone(service.url, `${profile}-0`, ticket)).status).toBe(200);
    }
    // every runner is in use: who comes now waits
    const [profile = ""] = profiles;
    const ids = ["one", "two", "three"];
    const tickets = new Map<string, string>();
    for (const uniqueId of ids) tickets.set(uniqueId, await enqueueForTicket(service.url, { profile, uniqueId }));
    const places = async () =>
      await Promise.all(
        [...tickets].map(async ([uniqueId, ticket]) => {
          const { status, headers } = await take(service.url, uniqueId, ticket);
          return [uniqueId, status, headers.get("x-queue-reason"), headers.get("x-queue-position")];
        }),
      );
    await places();
    const before = await places();
    expect(before.map(([, status, , position]) => [status, position])).toEqual(["1", "2", "3"].map((n) => [503, n]));

    const slot = await cluster.slotOf(headOf(profile));
    const from = await cluster.ownerOf(slot);
    const to = cluster.masters.find((master) => master !== from);
    if (to === undefined) throw new Error("there are three");
    await cluster.beginMove(slot, from, to);
    for (let left = 1; left > 0; ) {
      left = await cluster.moveKeys(slot, from, to, 2);
      // half here and half there: who asks now waits or comes again, and hears of nothing worse
      const asked = await Promise.all(
        [...tickets].map(async ([uniqueId, ticket]) => (await take(service.url, uniqueId, ticket)).status),
      );
      expect(asked).toEqual([503, 503, 503]);
      // others are not touched by it
      const [, other = ""] = profiles;
      const reply = await enqueue(service.url, { profile: other, uniqueId: `${other}-with-${left}-left` });
      expect(reply.status).toBe(200);
    }
    await cluster.endMove(slot, to);
    expect(await cluster.ownerOf(slot)).toBe(to);

    expect(await places()).toEqual(before);
    tickets.set("four", await enqueueForTicket(service.url, { profile, uniqueId: "four" }));
    for (const uniqueId of [...tickets.keys()]) {
      monitor.freeOne(profile);
      const reply = await takeUntilDone(service.url, uniqueId, tickets.get(uniqueId) ?? "");
      expect(runnerIdsIn(reply)).toEqual(monitor.reservedFor(uniqueId).map(({ id }) => id));
    }
    expect(monitor.takes.slice(profiles.length).map(({ uniqueId }) => uniqueId)).toEqual([...tickets.keys()]);
    expect(alarmsOf(service)).toEqual([]);
  });
});
