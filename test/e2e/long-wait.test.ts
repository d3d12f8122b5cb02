// A held take: the runner that turns idle is in the hands of whoever is next, in whichever instance
// he waits, and nobody else stirs. Places, presence and the statuses are those of plain polls; what
// is lost on the way costs a second.
import { expect, it } from "vitest";
import type { SimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import { enqueueForTicket, type Reply, take } from "../support/client.ts";
import { startMonitor } from "../support/monitors.ts";
import { hasRedis, type RedisServer, startRedis } from "../support/redis-server.ts";
import { monitorToken, type RunningService, startService } from "../support/service.ts";

const interval = "200ms";

/**
 * MAX_WAIT and the wait that is asked for: nobody is answered because the time of their hold is up.
 */
const longest = { MAX_WAIT: "60s" };
const longestSeconds = 60;
/**
 * Far below that, and far above what a busy machine needs: whoever is answered within was told, and
 * not just at the end of a hold.
 */
const soonMs = 20_000;

/** A monitor whose only runner is taken, so that whoever comes has to wait. */
async function startFullMonitor(): Promise<SimulatedMonitor> {
  return await startMonitor({ profiles: { linux: 1 }, habits: { startsAfterMs: null, reservedForMs: 3_600_000 } });
}

async function fill(service: RunningService): Promise<void> {
  const ticket = await enqueueForTicket(service.url, { profile: "linux", uniqueId: "first" });
  expect((await hold(service, "first", ticket, 5)).status).toBe(200);
}

interface Pair extends AsyncDisposable {
  readonly redis: RedisServer;
  readonly monitor: SimulatedMonitor;
  readonly a: RunningService;
  readonly b: RunningService;
}

/** Two instances on one Redis, in front of a monitor whose only runner is taken. */
async function startPair(env: Readonly<Record<string, string>> = {}, isDurable = false): Promise<Pair> {
  const redis = await startRedis(isDurable);
  const monitor = await startFullMonitor();
  const options = { monitors: [monitor], redisUrl: redis.url, env: { ...longest, ...env } };
  const [a, b] = [await startService(options), await startService(options)];
  await fill(a);
  const endAll = async () => {
    for (const one of [a, b, redis]) await one[Symbol.asyncDispose]();
  };
  return { redis, monitor, a, b, [Symbol.asyncDispose]: endAll };
}

async function hold(
  service: RunningService,
  uniqueId: string,
  ticket: string,
  seconds: number,
  init: RequestInit = {},
): Promise<Reply> {
  const url = `${service.url}/take/${uniqueId}?token=${ticket}&wait=${seconds}`;
  const reply = await fetch(url, { method: "POST", ...init });
  return { status: reply.status, headers: reply.headers, text: await reply.text() };
}

/** The value of a counter or a gauge, summed over its labels. */
async function metric(service: RunningService, name: string): Promise<number> {
  const text = await (await fetch(`${service.url}/metrics`)).text();
  const lines = text.split("\n").filter((line) => line.startsWith(name));
  return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}
const polls = (service: RunningService) => metric(service, "runner_queue_polls_total");

async function waitUntil(isSo: () => Promise<boolean>): Promise<void> {
  await expect.poll(isSo).toBe(true);
}

async function waiting(service: RunningService): Promise<string[]> {
  const reply = (await (await fetch(`${service.url}/dashboard.json`)).json()) as {
    profiles: { jobs: { unique_id: string; reason: string; last_poll_at: string | null }[] }[];
  };
  return reply.profiles.flatMap(({ jobs }) =>
    jobs.filter(({ last_poll_at }) => last_poll_at !== null).map(({ unique_id, reason }) => `${unique_id} ${reason}`),
  );
}

it.skipIf(!hasRedis)("freed runners go to held jobs in the order of their places, over two instances", async () => {
  await using pair = await startPair({ MONITOR_POLL_INTERVAL: interval });
  const { monitor, a, b } = pair;
  const ended: string[] = [];
  const holds = [];
  for (let i = 0; i < 6; i++) {
    const service = i % 2 === 0 ? a : b;
    const ticket = await enqueueForTicket(service.url, { profile: "linux", uniqueId: `j${i}` });
    holds.push(hold(service, `j${i}`, ticket, longestSeconds).then(({ status }) => ended.push(`j${i} ${status}`)));
  }
  await waitUntil(async () => (await waiting(a)).length === 6);
  for (let i = 0; i < 6; i++) {
    monitor.freeOne("linux");
    await waitUntil(async () => ended.length === i + 1);
  }
  await Promise.all(holds);
  expect(ended).toEqual(["j0 200", "j1 200", "j2 200", "j3 200", "j4 200", "j5 200"]);
});

it("1,000 who wait and one freed runner: one take, and only who can win polls again", async () => {
  const monitor = await startFullMonitor();
  const env = { ...longest, MONITOR_POLL_INTERVAL: interval };
  await using service = await startService({ monitors: [monitor], env });
  await fill(service);
  const begin = async (uniqueId: string) => {
    const ticket = await enqueueForTicket(service.url, { profile: "linux", uniqueId });
    return await hold(service, uniqueId, ticket, longestSeconds);
  };
  const holds = [begin("j0")];
  await waitUntil(async () => (await polls(service)) >= 2);
  for (let i = 1; i < 1_000; i++) holds.push(begin(`j${i}`));
  for (const held of holds) held.catch(() => {});
  // a sweep may have had those look again who were there first
  await waitUntil(async () => (await metric(service, "runner_queue_held_requests")) === 1_000);
  await waitUntil(async () => (await polls(service)) >= 1_001);
  const before = await polls(service);
  const takes = monitor.takes.length;
  monitor.freeOne("linux");
  expect((await Promise.race(holds)).status).toBe(200);
  expect((await holds[0])?.status).toBe(200);
  expect(monitor.takes.length - takes).toBe(1);
  expect((await polls(service)) - before).toBeLessThan(10);
});

it("without wait nothing is held; wait is bounded by MAX_WAIT; Prefer is a wish that is answered, wait= a demand that must be right", async () => {
  const monitor = await startFullMonitor();
  await using service = await startService({ monitors: [monitor], env: { MAX_WAIT: "2s" } });
  await fill(service);
  const ticket = await enqueueForTicket(service.url, { profile: "linux", uniqueId: "j" });
  const timed = async (query: string, headers: Record<string, string> = {}) => {
    const begun = performance.now();
    const reply = await fetch(`${service.url}/take/j?token=${ticket}${query}`, { method: "POST", headers });
    const applied = reply.headers.get("preference-applied");
    return { status: reply.status, text: await reply.text(), applied, ms: performance.now() - begun };
  };
  expect(await timed("")).toMatchObject({ status: 503, applied: null });
  expect((await timed("")).ms).toBeLessThan(1_900);
  const held = await timed("&wait=20");
  expect([held.status, held.text, held.applied]).toEqual([503, "", null]);
  expect(held.ms).toBeGreaterThan(1_900);
  expect(await timed("", { prefer: "respond-async, wait=20" })).toMatchObject({ status: 503, applied: "wait=2" });
  expect(await timed("", { prefer: "wait=soon" })).toMatchObject({ status: 503, applied: null });
  for (const prefer of ['foo="a, wait=1"', "respond-async; wait=1", 'foo="wait=1'])
    expect(await timed("", { prefer })).toMatchObject({ status: 503, applied: null });
  expect(await timed("", { prefer: 'Wait="1"; x=y' })).toMatchObject({ status: 503, applied: "wait=1" });
  expect(await timed("&wait=0", { prefer: "wait=20" })).toMatchObject({ status: 503, applied: null });
  for (const wrong of ["", "x", "-1", "1.5", "99999999999"]) expect((await timed(`&wait=${wrong}`)).status).toBe(400);
});

it("an open wait is presence; who hangs up has left: he holds nobody back", async () => {
  const monitor = await startFullMonitor();
  const env = {
    ...longest,
    MONITOR_POLL_INTERVAL: interval,
    ABANDON_AFTER: "3s",
    PRESENCE_GRACE: "100ms",
    TOUCH_INTERVAL: "100ms",
  };
  await using service = await startService({ monitors: [monitor], env });
  await fill(service);
  const stays = await enqueueForTicket(service.url, { profile: "linux", uniqueId: "stays" });
  const held = hold(service, "stays", stays, longestSeconds);
  const leaves = await enqueueForTicket(service.url, { profile: "linux", uniqueId: "leaves" });
  const controller = new AbortController();
  const left = hold(service, "leaves", leaves, longestSeconds, { signal: controller.signal }).catch(() => "left");
  await waitUntil(async () => (await waiting(service)).length === 2);
  controller.abort();
  expect(await left).toBe("left");
  await waitUntil(async () => (await waiting(service)).includes("leaves asleep"));
  await service.onLog(({ msg, uniqueId }) => msg === "abandoned" && uniqueId === "leaves");
  // its request began before that of the one who is abandoned by now
  await expect.poll(() => waiting(service)).toEqual(["stays no_capacity"]);
  monitor.freeOne("linux");
  expect((await held).status).toBe(200);
});

it.skipIf(!hasRedis)("whoever is held is answered at once when his job is cancelled or over elsewhere", async () => {
  await using pair = await startPair();
  const { a, b } = pair;
  const ticket = await enqueueForTicket(a.url, { profile: "linux", uniqueId: "j" });
  const held = hold(a, "j", ticket, longestSeconds);
  const twice = hold(b, "j", ticket, longestSeconds);
  await waitUntil(async () => (await waiting(b)).length === 1);
  const begun = performance.now();
  await fetch(`${b.url}/jobs/j?token=${ticket}`, { method: "DELETE" });
  for (const reply of await Promise.all([held, twice])) expect(reply.text).toContain("job_cancelled");
  expect(performance.now() - begun).toBeLessThan(soonMs);
});

it("one job may be held twice: whoever hangs up takes nothing from the other, nor does a plain poll", async () => {
  const monitor = await startFullMonitor();
  const env = { ...longest, MONITOR_POLL_INTERVAL: interval, PRESENCE_GRACE: "100ms", TOUCH_INTERVAL: "1s" };
  await using service = await startService({ monitors: [monitor], env });
  await fill(service);
  const [twice, behind] = [
    await enqueueForTicket(service.url, { profile: "linux", uniqueId: "twice" }),
    await enqueueForTicket(service.url, { profile: "linux", uniqueId: "behind" }),
  ];
  const client = new AbortController();
  const first = hold(service, "twice", twice, longestSeconds, { signal: client.signal }).catch(() => "left");
  await waitUntil(async () => (await waiting(service)).length === 1);
  const second = hold(service, "twice", twice, longestSeconds);
  await waitUntil(async () => (await polls(service)) >= 3);
  client.abort();
  expect(await first).toBe("left");
  // the one who came last may leave first, too
  const third = new AbortController();
  const last = hold(service, "twice", twice, longestSeconds, { signal: third.signal }).catch(() => "left");
  await waitUntil(async () => (await polls(service)) >= 4);
  third.abort();
  expect(await last).toBe("left");
  // so late that it is written down
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  expect((await take(service.url, "twice", twice)).status).toBe(503);
  const other = hold(service, "behind", behind, longestSeconds);
  // longer than a presence that the one who left had taken along, or that a plain poll gives
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  expect(await waiting(service)).toEqual(["twice no_capacity", "behind no_capacity"]);
  const takes = monitor.takes.length;
  monitor.freeOne("linux");
  expect((await second).status).toBe(200);
  await expect.poll(() => waiting(service)).toEqual(["behind no_capacity"]);
  expect(monitor.takes.slice(takes).map(({ uniqueId }) => uniqueId)).toEqual(["twice"]);
  monitor.freeOne("linux");
  expect((await other).status).toBe(200);
});

it("after a hold, whoever is far behind comes back in a second too: he is not away when his turn comes", async () => {
  const monitor = await startFullMonitor();
  await using service = await startService({ monitors: [monitor] });
  await fill(service);
  for (let i = 0; i < 30; i++) await enqueueForTicket(service.url, { profile: "linux", uniqueId: `ahead-${i}` });
  const ticket = await enqueueForTicket(service.url, { profile: "linux", uniqueId: "far" });
  expect(Number((await take(service.url, "far", ticket)).headers.get("retry-after"))).toBeGreaterThan(2);
  const held = await hold(service, "far", ticket, 1);
  expect([held.status, held.headers.get("retry-after"), held.headers.get("x-queue-position")]).toEqual([
    503,
    "1",
    "31",
  ]);
});

it.skipIf(!hasRedis)(
  "news of a job that is over is heard long before the hold ends, also where no message ever comes through",
  async () => {
    await using pair = await startPair({ MONITOR_POLL_INTERVAL: interval });
    const { redis, monitor, a, b } = pair;
    const tickets = new Map<string, string>();
    for (const id of ["cancelled", "twice"]) {
      tickets.set(id, await enqueueForTicket(a.url, { profile: "linux", uniqueId: id }));
    }
    await redis.client.call("ACL", "SETUSER", "default", "resetchannels");
    await redis.client.call("CLIENT", "KILL", "TYPE", "pubsub");
    const ticketOf = (id: string) => tickets.get(id) ?? "";
    const cancelled = hold(a, "cancelled", ticketOf("cancelled"), longestSeconds);
    const twice = [a, b].map((service) => hold(service, "twice", ticketOf("twice"), longestSeconds));
    await waitUntil(async () => (await waiting(b)).length === 2);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    let begun = performance.now();
    await fetch(`${b.url}/jobs/cancelled?token=${ticketOf("cancelled")}`, { method: "DELETE" });
    expect((await cancelled).text).toContain("job_cancelled");
    expect(performance.now() - begun).toBeLessThan(soonMs);
    begun = performance.now();
    monitor.freeOne("linux");
    const [one, other] = await Promise.all(twice);
    expect([one?.status, other?.text]).toEqual([200, one?.text]);
    expect(performance.now() - begun).toBeLessThan(soonMs);
  },
);

it("a hundred runners that turn idle at once cost a few polls for each take, and takes go out in order", async () => {
  const monitor = await startFullMonitor();
  await using service = await startService({
    monitors: [monitor],
    env: { ...longest, MONITOR_POLL_INTERVAL: interval },
  });
  await fill(service);
  const holds: Promise<Reply>[] = [];
  for (let i = 0; i < 120; i++) {
    const ticket = await enqueueForTicket(service.url, { profile: "linux", uniqueId: `j${i}` });
    holds.push(hold(service, `j${i}`, ticket, longestSeconds));
  }
  await waitUntil(async () => (await polls(service)) >= 121);
  const [before, takes] = [await polls(service), monitor.takes.length];
  for (let i = 0; i < 100; i++) monitor.freeOne("linux");
  await Promise.all(holds.slice(0, 100));
  const order = monitor.takes.slice(takes).map(({ uniqueId }) => Number(uniqueId.slice(1)));
  expect(order).toHaveLength(100);
  // two at once may change places on their way
  for (const [at, n] of order.entries()) expect(Math.abs(at - n)).toBeLessThanOrEqual(2);
  expect((await polls(service)) - before).toBeLessThan(1_000);
  for (const held of holds.slice(100)) held.catch(() => {});
});

it("right after a take that left it nothing, and while the dashboard is drawn anew, a monitor is asked again until it is back", async () => {
  const monitor = await startMonitor({
    profiles: { linux: 1 },
    habits: { startsAfterMs: null, reservedForMs: 3_600_000, redrawMs: 700 },
  });
  await using service = await startService({ monitors: [monitor], env: { MONITOR_POLL_INTERVAL: "8s" } });
  for (const id of ["one", "two"]) await enqueueForTicket(service.url, { profile: "linux", uniqueId: id });
  const ticket = await enqueueForTicket(service.url, { profile: "linux", uniqueId: "one" });
  expect((await hold(service, "one", ticket, 10)).status).toBe(200);
  const asked = monitor.dashboardsAsked;
  const takenAt = performance.now();
  // once at once, and then every two seconds; else it would be once in 8 s
  await waitUntil(async () => monitor.dashboardsAsked >= asked + 2);
  expect(performance.now() - takenAt).toBeLessThan(7_500);
});

it("a monitor that pushes without end is asked ten times a second at most; one that fails, when its time has come", async () => {
  const monitor = await startFullMonitor();
  await using service = await startService({ monitors: [monitor], env: { MONITOR_POLL_INTERVAL: "2s" } });
  /** Pushes until `isEnough`; how often the monitor was asked meanwhile, and in how many ms. */
  const flood = async (isEnough: (asked: number, ms: number) => boolean) => {
    const [before, begun] = [monitor.dashboardsAsked, performance.now()];
    const headers = { authorization: `Bearer ${monitorToken}` };
    for (;;) {
      await fetch(`${service.url}/monitors/ci0/changed`, { method: "POST", headers });
      const [asked, ms] = [monitor.dashboardsAsked - before, performance.now() - begun];
      if (isEnough(asked, ms)) return { asked, ms };
    }
  };
  const pushed = await flood((asked) => asked >= 12);
  expect(pushed.ms).toBeGreaterThanOrEqual(1_000);
  monitor.faults.dashboard = "error500";
  await service.onLog(({ msg }) => msg === "monitor_down");
  const failing = await flood((_, ms) => ms > 1_500);
  expect(failing.asked).toBeLessThanOrEqual(1 + failing.ms / 2_000);
});

it.skipIf(!hasRedis)("after Redis was killed and is back, the line of before is served in its order", async () => {
  await using pair = await startPair({ MONITOR_POLL_INTERVAL: interval, MONITOR_SETTLE: "500ms" }, true);
  const { redis, monitor, a, b } = pair;
  const served: string[] = [];
  let isOver = false;
  const wait = async (service: RunningService, id: string, ticket: string) => {
    while (!isOver) {
      const { status } = await hold(service, id, ticket, longestSeconds).catch(() => ({ status: 503 }));
      if (status === 200) return void served.push(id);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  const ids = Array.from({ length: 60 }, (_, i) => `j${i}`);
  for (const [i, id] of ids.entries()) {
    const ticket = await enqueueForTicket(a.url, { profile: "linux", uniqueId: id });
    void wait(i % 2 === 0 ? a : b, id, ticket);
  }
  await waitUntil(async () => (await waiting(a)).length === 60);
  // two turn idle while nobody can be told
  await redis.kill();
  monitor.freeOne("linux");
  monitor.freeOne("linux");
  await redis.start();
  await waitUntil(async () => served.length === 2);
  monitor.freeOne("linux");
  await waitUntil(async () => served.length === 3);
  isOver = true;
  expect(served.slice(0, 2).sort()).toEqual(["j0", "j1"]);
  expect(served[2]).toBe("j2");
});

it.skipIf(!hasRedis)(
  "kill -9 of the instance that holds them: at the other one they get their runners, in order",
  async () => {
    await using pair = await startPair({ MONITOR_POLL_INTERVAL: interval });
    const { monitor, a, b } = pair;
    const tickets: string[] = [];
    for (const id of ["one", "two"]) tickets.push(await enqueueForTicket(a.url, { profile: "linux", uniqueId: id }));
    const cut = ["one", "two"].map((id, i) => hold(a, id, tickets[i]!, longestSeconds).catch(() => "cut"));
    await waitUntil(async () => (await waiting(b)).length === 2);
    await a.kill9();
    expect(await Promise.all(cut)).toEqual(["cut", "cut"]);
    // they come back the other way round
    const ended: string[] = [];
    const again = [...["one", "two"].entries()].reverse().map(async ([i, id]) => {
      const { status } = await hold(b, id, tickets[i]!, longestSeconds);
      ended.push(`${id} ${status}`);
    });
    for (let i = 0; i < 2; i++) {
      monitor.freeOne("linux");
      await waitUntil(async () => ended.length === i + 1);
    }
    await Promise.all(again);
    expect(ended).toEqual(["one 200", "two 200"]);
  },
);

it.skipIf(!hasRedis)(
  "news that is lost costs a look, not the rest of the hold: pub/sub is cut, and then nothing is heard any more",
  async () => {
    await using redis = await startRedis();
    const monitor = await startFullMonitor();
    const options = { monitors: [monitor], redisUrl: redis.url, env: { ...longest, MONITOR_POLL_INTERVAL: interval } };
    await using service = await startService(options);
    await fill(service);
    const holds = [];
    for (const id of ["one", "two"]) {
      const ticket = await enqueueForTicket(service.url, { profile: "linux", uniqueId: id });
      holds.push(hold(service, id, ticket, longestSeconds));
    }
    await waitUntil(async () => (await waiting(service)).length === 2);
    await redis.client.call("CLIENT", "KILL", "TYPE", "pubsub");
    const freedAt = performance.now();
    monitor.freeOne("linux");
    expect((await holds[0])?.status).toBe(200);
    expect(performance.now() - freedAt).toBeLessThan(soonMs);
    // and where nothing is ever said or heard again, the slow look finds it
    await redis.client.call("ACL", "SETUSER", "default", "resetchannels");
    await redis.client.call("CLIENT", "KILL", "TYPE", "pubsub");
    const freedAgainAt = performance.now();
    monitor.freeOne("linux");
    expect((await holds[1])?.status).toBe(200);
    expect(performance.now() - freedAgainAt).toBeLessThan(soonMs);
  },
);

it("a monitor that says that something changed is asked at once, and only its own token may say so", async () => {
  const monitor = await startFullMonitor();
  await using service = await startService({ monitors: [monitor], env: { ...longest, MONITOR_POLL_INTERVAL: "60s" } });
  const ticket = await enqueueForTicket(service.url, { profile: "linux", uniqueId: "first" });
  expect((await hold(service, "first", ticket, 5)).status).toBe(200);
  const second = await enqueueForTicket(service.url, { profile: "linux", uniqueId: "second" });
  const held = hold(service, "second", second, longestSeconds);
  await waitUntil(async () => (await waiting(service)).length === 1);
  const changed = (token: string) =>
    fetch(`${service.url}/monitors/ci0/changed`, { method: "POST", headers: { authorization: `Bearer ${token}` } });
  expect((await changed("wrong")).status).toBe(403);
  // its next look is a minute away
  const freedAt = performance.now();
  monitor.freeOne("linux");
  expect((await changed(monitorToken)).status).toBe(204);
  expect((await held).status).toBe(200);
  expect(performance.now() - freedAt).toBeLessThan(soonMs);
});

it("a monitor is asked less often while nobody waits for its runners, and at its usual pace once somebody does", async () => {
  const monitor = await startFullMonitor();
  const env = { ...longest, MONITOR_POLL_INTERVAL: "100ms" };
  await using service = await startService({ monitors: [monitor], env });
  const msOfAsks = async (asks: number) => {
    const [before, begun] = [monitor.dashboardsAsked, performance.now()];
    await waitUntil(async () => monitor.dashboardsAsked >= before + asks);
    return performance.now() - begun;
  };
  await waitUntil(async () => monitor.dashboardsAsked > 2);
  // half a second each; the first may be under way already
  const idleMs = await msOfAsks(5);
  expect(idleMs).toBeGreaterThan(1_900);
  await fill(service);
  const ticket = await enqueueForTicket(service.url, { profile: "linux", uniqueId: "j" });
  const held = hold(service, "j", ticket, longestSeconds);
  await waitUntil(async () => (await waiting(service)).length === 1);
  expect(await msOfAsks(5)).toBeLessThan(idleMs);
  monitor.freeOne("linux");
  expect((await held).status).toBe(200);
});

it("SIGTERM answers whoever is held, and the process ends", async () => {
  const monitor = await startFullMonitor();
  await using service = await startService({ monitors: [monitor], env: longest });
  await fill(service);
  const ticket = await enqueueForTicket(service.url, { profile: "linux", uniqueId: "j" });
  const held = hold(service, "j", ticket, longestSeconds);
  await waitUntil(async () => (await waiting(service)).length === 1);
  const begun = performance.now();
  const stopped = service.stop();
  const reply = await held;
  expect([reply.status, reply.text, reply.headers.get("x-queue-reason")]).toEqual([503, "", "no_capacity"]);
  expect(await stopped).toBe(0);
  expect(performance.now() - begun).toBeLessThan(soonMs);
});
