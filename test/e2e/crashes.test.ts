// kill -9 at every step of a take, and of the store. Each ends with one runner per job, and none
// lost.
import { describe, expect, it, vi } from "vitest";
import { type SimulatedMonitor, startSimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import { enqueueForTicket, runnerIdsIn, take, takeUntilDone } from "../support/client.ts";
import { startRedisProxy } from "../support/redis-proxy.ts";
import { hasRedis, startRedis } from "../support/redis-server.ts";
import { monitorToken, startService } from "../support/service.ts";

const env = { MONITOR_SETTLE: "300ms", UNKNOWN_HOLD: "6s", MONITOR_TAKE_TIMEOUT: "3s" };
const profile = "linux";

const startMonitor = (idle: number): Promise<SimulatedMonitor> =>
  startSimulatedMonitor({
    name: "ci0",
    token: monitorToken,
    profiles: { [profile]: idle },
    habits: { startsAfterMs: null },
  });

/** In the commit that settles a take: the job's document. */
const settled = String.raw`\"state\":\"taken\"`;

describe.skipIf(!hasRedis).concurrent("an instance that is killed", () => {
  const steps = [
    { when: "after its claim and before it asks the monitor", hold: "before", text: ":places" },
    { when: "after the monitor answered and before it settles", hold: "before", text: settled },
    { when: "after it settled and before it responds", hold: "reply", text: settled },
  ] as const;
  for (const step of steps) {
    it(`${step.when} leaves its job to the others, with exactly one runner`, async () => {
      await using redis = await startRedis(true);
      await using proxy = await startRedisProxy(redis.url);
      const monitor = await startMonitor(2);
      await using doomed = await startService({ monitors: [monitor], redisUrl: proxy.url, env });
      await using other = await startService({ monitors: [monitor], redisUrl: redis.url, env });
      const ticket = await enqueueForTicket(other.url, { profile, uniqueId: "job" });
      const reached = step.hold === "before" ? proxy.holdBefore(step.text) : proxy.holdReplyTo(step.text);
      take(doomed.url, "job", ticket).catch(() => {});
      await reached;
      await doomed.kill9();

      const reply = await takeUntilDone(other.url, "job", ticket);
      expect(reply.status).toBe(200);
      const reserved = monitor.reservedFor("job").map(({ id }) => id);
      expect(reserved).toEqual(runnerIdsIn(reply));
      await monitor.close();
    });
  }

  it("while the monitor works on its take leaves its job to the others, with exactly one runner", async () => {
    await using redis = await startRedis(true);
    const monitor = await startMonitor(2);
    monitor.faults.takeDelayMs = 1000;
    await using doomed = await startService({ monitors: [monitor], redisUrl: redis.url, env });
    await using other = await startService({ monitors: [monitor], redisUrl: redis.url, env });
    const ticket = await enqueueForTicket(other.url, { profile, uniqueId: "job" });
    const reserved = new Promise<void>((resolve) => monitor.onReserved(() => resolve()));
    take(doomed.url, "job", ticket).catch(() => {});
    await reserved;
    await doomed.kill9();

    const reply = await takeUntilDone(other.url, "job", ticket);
    expect(reply.status).toBe(200);
    expect(monitor.reservedFor("job").map(({ id }) => id)).toEqual(runnerIdsIn(reply));
    expect(monitor.takes).toHaveLength(1);
    await monitor.close();
  });

  it("is not mistaken for one that is alive and waits long: its claim is not taken over", async () => {
    await using redis = await startRedis(true);
    const monitor = await startMonitor(2);
    monitor.faults.takeDelayMs = 8000;
    const patient = { ...env, MONITOR_TAKE_TIMEOUT: "12s", MONITOR_SETTLE: "100ms" };
    await using one = await startService({ monitors: [monitor], redisUrl: redis.url, env: patient });
    await using other = await startService({ monitors: [monitor], redisUrl: redis.url, env: patient });
    const ticket = await enqueueForTicket(one.url, { profile, uniqueId: "job" });
    const reply = await take(one.url, "job", ticket);
    expect(reply.status).toBe(200);
    expect([...one.logLines(), ...other.logLines()].filter(({ msg }) => msg === "reconciled")).toEqual([]);
    await monitor.close();
  });

  it("and stays paused past its lease sends nothing late, and what it learns is not lost", async () => {
    await using redis = await startRedis(true);
    const monitor = await startMonitor(2);
    monitor.faults.takeDelayMs = 300;
    await using paused = await startService({ monitors: [monitor], redisUrl: redis.url, env });
    await using other = await startService({ monitors: [monitor], redisUrl: redis.url, env });
    const ticket = await enqueueForTicket(other.url, { profile, uniqueId: "job" });
    const reserved = new Promise<void>((resolve) => monitor.onReserved(() => resolve()));
    take(paused.url, "job", ticket).catch(() => {});
    await reserved;
    paused.pause();
    const reply = await takeUntilDone(other.url, "job", ticket);
    paused.resume();
    const again = await takeUntilDone(paused.url, "job", ticket);
    expect(again.text).toBe(reply.text);
    expect(monitor.reservedFor("job").map(({ id }) => id)).toEqual(runnerIdsIn(reply));
    await monitor.close();
  });
});

describe.skipIf(!hasRedis).concurrent("a Redis that is killed", () => {
  for (const isDurable of [true, false]) {
    const files = isDurable ? "with its append-only file" : "without any file";

    it(`${files} keeps the line: everyone waits on in the old order and gets one runner`, async () => {
      await using redis = await startRedis(isDurable);
      const monitor = await startMonitor(3);
      monitor.setTarget(profile, 3);
      const held = await Promise.all([1, 2, 3].map((n) => reserveByHand(monitor, `other-${n}`)));
      expect(held).toHaveLength(3);
      await using service = await startService({ monitors: [monitor], redisUrl: redis.url, env });
      const jobs = ["first", "second", "third"];
      const tickets = new Map<string, string>();
      for (const uniqueId of jobs) tickets.set(uniqueId, await enqueueForTicket(service.url, { profile, uniqueId }));
      const poll = (uniqueId: string) => take(service.url, uniqueId, tickets.get(uniqueId) ?? "");
      for (const uniqueId of jobs) expect((await poll(uniqueId)).status).toBe(503);

      await redis.kill();
      const away = await poll("first");
      expect([away.status, away.text, away.headers.get("x-queue-reason")]).toEqual([503, "", "store_unavailable"]);
      await redis.start();
      // One runner at a time becomes free: the order shows.
      const order: string[] = [];
      const waiters = jobs.map(async (uniqueId) => {
        const reply = await takeUntilDone(service.url, uniqueId, tickets.get(uniqueId) ?? "");
        expect(reply.status).toBe(200);
        order.push(uniqueId);
        if (order.length < jobs.length) monitor.freeOne(profile);
      });
      await untilCleared(service.url, jobs, tickets);
      monitor.freeOne(profile);
      await Promise.all(waiters);
      expect(order).toEqual(jobs);
      for (const uniqueId of jobs) expect(monitor.reservedFor(uniqueId)).toHaveLength(1);
      await monitor.close();
    });

    it(`${files} while a monitor works on a take: its job ends with that one runner`, async () => {
      await using redis = await startRedis(isDurable);
      const monitor = await startMonitor(2);
      monitor.faults.takeDelayMs = 500;
      await using service = await startService({ monitors: [monitor], redisUrl: redis.url, env });
      const ticket = await enqueueForTicket(service.url, { profile, uniqueId: "job" });
      const reserved = new Promise<void>((resolve) => monitor.onReserved(() => resolve()));
      take(service.url, "job", ticket).catch(() => {});
      await reserved;
      await redis.kill();
      await redis.start();
      const reply = await takeUntilDone(service.url, "job", ticket);
      expect(reply.status).toBe(200);
      expect(monitor.reservedFor("job").map(({ id }) => id)).toEqual(runnerIdsIn(reply));
      await monitor.close();
    });
  }

  it("without any file after a job was taken: the job's next poll finds the same runner, not a second one", async () => {
    await using redis = await startRedis(false);
    const monitor = await startMonitor(2);
    await using service = await startService({ monitors: [monitor], redisUrl: redis.url, env });
    const ticket = await enqueueForTicket(service.url, { profile, uniqueId: "job" });
    const lost = await takeUntilDone(service.url, "job", ticket);
    await redis.kill();
    await redis.start();
    const reply = await takeUntilDone(service.url, "job", ticket);
    expect(runnerIdsIn(reply)).toEqual(runnerIdsIn(lost));
    expect(monitor.reservedFor("job")).toHaveLength(1);
    await monitor.close();
  });
});

describe.concurrent("an embedded store that restarts", () => {
  it("gets its line back from the tickets, and a job whose runner was reserved before finds that one", async () => {
    const monitor = await startMonitor(2);
    const before = await startService({ monitors: [monitor], env });
    const port = Number(new URL(before.url).port);
    const early = await enqueueForTicket(before.url, { profile, uniqueId: "early" });
    const waiting = await enqueueForTicket(before.url, { profile, uniqueId: "waiting" });
    const lost = await takeUntilDone(before.url, "early", early);
    await before.kill9();
    await using after = await startService({ monitors: [monitor], env, port });
    const [again, next] = await Promise.all([
      takeUntilDone(after.url, "early", early),
      takeUntilDone(after.url, "waiting", waiting),
    ]);
    expect(runnerIdsIn(again)).toEqual(runnerIdsIn(lost));
    expect(monitor.reservedFor("early")).toHaveLength(1);
    expect(monitor.reservedFor("waiting").map(({ id }) => id)).toEqual(runnerIdsIn(next));
    await monitor.close();
  });
});

describe.skipIf(!hasRedis).concurrent("other losses", () => {
  it("SCRIPT FLUSH at any time is not noticed", async () => {
    await using redis = await startRedis();
    const monitor = await startMonitor(1);
    await using service = await startService({ monitors: [monitor], redisUrl: redis.url, env });
    const ticket = await enqueueForTicket(service.url, { profile, uniqueId: "job" });
    await redis.client.script("FLUSH");
    const reply = await takeUntilDone(service.url, "job", ticket);
    expect(reply.status).toBe(200);
  });

  it("a Redis that hangs costs a poll a few seconds and an empty 503, and serves again when it comes back", async () => {
    await using redis = await startRedis();
    const monitor = await startMonitor(1);
    await using service = await startService({ monitors: [monitor], redisUrl: redis.url, env });
    const ticket = await enqueueForTicket(service.url, { profile, uniqueId: "job" });
    redis.signal("SIGSTOP");
    const askedAt = performance.now();
    const reply = await take(service.url, "job", ticket);
    expect([reply.status, reply.text, reply.headers.get("x-queue-reason")]).toEqual([503, "", "store_unavailable"]);
    // the client itself gives up after 30 s
    expect(performance.now() - askedAt).toBeLessThan(20_000);
    redis.signal("SIGCONT");
    expect((await takeUntilDone(service.url, "job", ticket)).status).toBe(200);
    await monitor.close();
  });

  it("a monitor that is lost in mid-take and comes back has reserved one runner, which the job gets", async () => {
    await using redis = await startRedis();
    const monitor = await startMonitor(2);
    monitor.faults.takeDelayMs = 2000;
    await using service = await startService({ monitors: [monitor], redisUrl: redis.url, env });
    const ticket = await enqueueForTicket(service.url, { profile, uniqueId: "job" });
    const reserved = new Promise<void>((resolve) => monitor.onReserved(() => resolve()));
    const first = take(service.url, "job", ticket);
    await reserved;
    await monitor.stopListening();
    await service.onLog(({ msg }) => msg === "leg");
    await monitor.listenAgain();
    expect([200, 503]).toContain((await first).status);
    const reply = await takeUntilDone(service.url, "job", ticket);
    expect(monitor.reservedFor("job").map(({ id }) => id)).toEqual(runnerIdsIn(reply));
    await monitor.close();
  });
});

/** Makes a runner unavailable the way somebody else's job does. */
async function reserveByHand(monitor: SimulatedMonitor, uniqueId: string): Promise<void> {
  const url = `${monitor.url}/profile/${profile}/take?unique_id=${uniqueId}&qualified_repo=o%2Fr&run_id=1`;
  const response = await fetch(url, { method: "POST", headers: { authorization: `Bearer ${monitorToken}` } });
  expect(response.status).toBe(200);
}

/** Polls until evidence has cleared every job: they wait for capacity and nothing else. */
async function untilCleared(url: string, jobs: readonly string[], tickets: ReadonlyMap<string, string>): Promise<void> {
  for (const uniqueId of jobs) {
    const askWhy = async () => (await take(url, uniqueId, tickets.get(uniqueId) ?? "")).headers.get("x-queue-reason");
    // expect.poll belongs to one test, and several run here side by side
    const look = async () => expect(await askWhy()).toMatch(/^(no_capacity|not_your_turn)$/);
    await vi.waitFor(look, { timeout: 120_000, interval: 25 });
  }
}
