// Limits of a policy where processes die with claims in their hands and replies of monitors are lost.
import { setTimeout as delay } from "node:timers/promises";
import { expect, it } from "vitest";
import { enqueueForTicket, take } from "../support/client.ts";
import { linux, policyFile, reasonOf } from "../support/limited-service.ts";
import { startMonitor } from "../support/monitors.ts";
import { hasRedis, startRedis } from "../support/redis-server.ts";
import { startService } from "../support/service.ts";

it.skipIf(!hasRedis)(
  "no kill -9 and no lost reply makes monitors show more runners of an owner or repository than their limits, and all are served in the end",
  async () => {
    await using redis = await startRedis();
    const habits = { startsAfterMs: 30, busyForMs: 150, rebornAfterMs: 20, takeMs: 10 };
    const monitors = await Promise.all(
      ["m0", "m1"].map((name) => startMonitor({ name, profiles: { [linux]: 4 }, habits })),
    );
    const limits = { o: 3, "o/a": 2 };
    const POLICY_FILE = await policyFile({
      repositories: { "o/a": { max_runners: limits["o/a"] } },
      owners: { o: { max_runners: limits.o } },
    });
    const env = {
      POLICY_FILE,
      ABANDON_AFTER: "10m",
      MONITOR_RESERVE_TIMEOUT: "5s",
      UNKNOWN_HOLD: "10s",
      START_TIMEOUT: "5s",
    };
    const options = { monitors, redisUrl: redis.url, env };
    await using b = await startService(options);
    let a = await startService(options);
    const urls = () => [a.url, b.url];
    const repoOf = (id: string) => (id.startsWith("a") ? "o/a" : id.startsWith("b") ? "o/b" : "free/r");
    const most = { o: 0, "o/a": 0 };
    const reasons = new Set<string | null>();
    const look = () => {
      const ids = monitors.flatMap((one) => one.runners().flatMap(({ reservedFor }) => reservedFor ?? []));
      const count = (repo: string) => ids.filter((id) => repoOf(id).startsWith(repo)).length;
      most.o = Math.max(most.o, count("o/"));
      most["o/a"] = Math.max(most["o/a"], count("o/a"));
    };
    for (const monitor of monitors) monitor.onReserved(look);

    const ids: string[] = [];
    const tickets = new Map<string, string>();
    const done = new Set<string>();
    const poll = async (uniqueId: string, at: number): Promise<void> => {
      for (let n = at; !done.has(uniqueId); n++) {
        const reply = await take(urls()[n % 2] ?? "", uniqueId, tickets.get(uniqueId) ?? "").catch(() => null);
        if (reply?.status === 503) reasons.add(reasonOf(reply));
        else if (reply !== null) {
          // its answer may be too old where a process died with it
          expect([200, 404]).toContain(reply.status);
          done.add(uniqueId);
        }
        // how often a client asks
        await delay(60);
      }
    };
    const polling: Promise<void>[] = [];
    /** More jobs than one monitor serves: each fault has takes of its own to meet. */
    const startWave = async (wave: number): Promise<void> => {
      const some = ["a", "b", "c"].flatMap((repo) => Array.from({ length: 4 }, (_, n) => `${repo}${wave}${n}`));
      for (const uniqueId of some) {
        const job = { profile: linux, uniqueId, repo: repoOf(uniqueId), runId: "1" };
        tickets.set(uniqueId, await enqueueForTicket(b.url, job));
      }
      ids.push(...some);
      polling.push(...some.flatMap((id) => [0, 1].map((at) => poll(id, at))));
    };
    for (let kill = 0; kill < 2; kill++) {
      // another one each time: one that failed is left alone for a while
      const monitor = monitors[kill];
      if (monitor === undefined) throw new Error("there are two");
      monitor.faults = { ...monitor.faults, take: kill === 0 ? "hangButLabelled" : "resetAfterLabel" };
      const isMet = new Promise<void>((resolve) => {
        const end = monitor.onTake(() => {
          end();
          resolve();
        });
      });
      await startWave(kill);
      await isMet;
      await a.kill9();
      monitor.faults = { ...monitor.faults, take: "none" };
      a = await startService(options);
    }
    await Promise.all(polling);
    await a[Symbol.asyncDispose]();
    expect(most.o, "of the owner").toBeLessThanOrEqual(limits.o);
    expect(most["o/a"], "of the repository").toBeLessThanOrEqual(limits["o/a"]);
    expect(reasons, "the limits were met").toContain("repository_limit");
    expect(done.size).toBe(ids.length);
  },
  180_000,
);
