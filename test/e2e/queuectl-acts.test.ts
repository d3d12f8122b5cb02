// What an operator does to a live queue from the command line: drain and resume, pause and unpause,
// cancel. Two instances on one Redis: what is done through one holds in the other at once.
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import type { SimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import { enqueueForTicket, take, takeUntilDone } from "../support/client.ts";
import { nextTake, startMonitor } from "../support/monitors.ts";
import { documentOf, linesOf, refusalOf } from "../support/queuectl.ts";
import { hasRedis, startRedis } from "../support/redis-server.ts";
import { type RunningService, startService } from "../support/service.ts";

const profile = "linux";

interface Shown {
  readonly profiles: readonly { readonly paused: unknown; readonly waiting: number }[];
  readonly monitors: readonly { readonly draining: { readonly at: string } | null }[];
}

/** Why a job of this ticket waits, by the way one instance sees it. */
async function reasonOf(url: string, uniqueId: string, ticket: string): Promise<string | null> {
  const { status, headers } = await take(url, uniqueId, ticket);
  expect(status, uniqueId).toBe(503);
  return headers.get("x-queue-reason");
}

describe.skipIf(!hasRedis)("through one of two instances on one Redis", () => {
  let ci0: SimulatedMonitor;
  let ci1: SimulatedMonitor;
  let a: RunningService;
  let b: RunningService;
  let startInstance: () => Promise<RunningService>;

  beforeEach(async () => {
    const redis = await startRedis();
    onTestFinished(() => redis[Symbol.asyncDispose]());
    ci0 = await startMonitor({ name: "ci0", profiles: { [profile]: 2 } });
    ci1 = await startMonitor({ name: "ci1", profiles: { [profile]: 1 } });
    startInstance = async () => {
      const service = await startService({ monitors: [ci0, ci1], redisUrl: redis.url });
      onTestFinished(() => service[Symbol.asyncDispose]());
      return service;
    };
    [a, b] = await Promise.all([startInstance(), startInstance()]);
  });

  test("a drain stops takes at the monitor at once through the other, which says who, when and why; the monitor is still known", async () => {
    const before = Date.now();
    const said = await linesOf(a.url, "drain", "ci0", "--note", "new disk", "--by", "ann");
    expect(said).toEqual(["ci0 is draining until somebody resumes it, by ann: new disk"]);

    const first = await enqueueForTicket(b.url, { profile, uniqueId: "first" });
    const second = await enqueueForTicket(b.url, { profile, uniqueId: "second" });
    expect((await takeUntilDone(b.url, "first", first)).text).toContain("@ci1");
    for (const url of [b.url, a.url, b.url]) {
      expect(await reasonOf(url, "second", second)).toBe("no_capacity");
    }
    // What the drained monitor keeps still counts: three runners are not too many to ask for.
    const three = await enqueueForTicket(b.url, { profile, uniqueId: "three", count: 3 });
    expect(await reasonOf(b.url, "three", three)).toBe("unsatisfiable_now");
    expect(ci0.takes).toEqual([]);

    for (const { url } of [a, b]) {
      expect((await fetch(`${url}/readyz`)).status).toBe(200);
      const { monitors } = await documentOf<Shown>(url, "monitors");
      expect(monitors).toMatchObject([{ draining: { by: "ann", note: "new disk", until: null } }, { draining: null }]);
      const at = Date.parse(monitors[0]?.draining?.at ?? "");
      expect(at).toBeGreaterThanOrEqual(before);
      expect(at).toBeLessThanOrEqual(Date.now());
      expect((await linesOf(url, "status")).at(-2)).toMatch(/^ci0 .* by ann \d+ s ago: new disk$/);
    }

    await linesOf(b.url, "resume", "ci0", "--by", "bob");
    expect((await takeUntilDone(a.url, "second", second)).text).toContain("@ci0");
  });

  test("a drain is kept over a restart of all instances, with who, when and why; the fleet counts as known", async () => {
    await linesOf(a.url, "drain", "ci0", "--note", "new disk", "--by", "ann");
    await linesOf(a.url, "drain", "ci1", "--note", "new roof", "--by", "ann", "--until", "1h");
    const shown = await documentOf<Shown>(a.url, "monitors");
    expect(await Promise.all([a.stop(), b.stop()])).toEqual([0, 0]);

    const [c, d] = await Promise.all([startInstance(), startInstance()]);
    for (const { url } of [c, d]) {
      const { monitors } = await documentOf<Shown>(url, "monitors");
      expect(monitors.map(({ draining }) => draining)).toEqual(shown.monitors.map(({ draining }) => draining));
    }
    const ticket = await enqueueForTicket(c.url, { profile, uniqueId: "j" });
    expect(await reasonOf(c.url, "j", ticket)).toBe("unsatisfiable_now");
    expect(await reasonOf(d.url, "j", ticket)).toBe("unsatisfiable_now");
    expect([...ci0.takes, ...ci1.takes]).toEqual([]);
    await linesOf(d.url, "resume", "ci1");
    expect((await takeUntilDone(c.url, "j", ticket)).text).toContain("@ci1");
  });

  test("a drain --until 2s ends by itself, not before, and is not shown any more", async () => {
    ci1.setTarget(profile, 0);
    const sentAt = Date.now();
    await linesOf(a.url, "drain", "ci0", "--note", "a moment", "--until", "2s");
    const ticket = await enqueueForTicket(b.url, { profile, uniqueId: "j" });
    const taken = nextTake(ci0);
    expect((await takeUntilDone(b.url, "j", ticket)).status).toBe(200);
    await taken;
    expect(Date.now() - sentAt).toBeGreaterThanOrEqual(2_000);
    for (const { url } of [a, b]) {
      expect((await documentOf<Shown>(url, "monitors")).monitors[0]?.draining).toBeNull();
    }
  });

  test("a paused profile claims nothing and keeps every place through both, over a restart; unpaused, it is served in order", async () => {
    ci0.setTarget(profile, 0);
    const said = await linesOf(a.url, "pause", profile, "--note", "kernel update", "--by", "ann", "--until", "2h");
    expect(said).toEqual([expect.stringMatching(/^linux is paused until 20.*Z, by ann: kernel update$/)]);
    const ids = ["one", "two", "three"];
    const tickets = new Map<string, string>();
    for (const uniqueId of ids) tickets.set(uniqueId, await enqueueForTicket(b.url, { profile, uniqueId }));
    const positionsAt = (url: string) =>
      Promise.all(
        ids.map(async (id) => {
          const { status, text, headers } = await take(url, id, tickets.get(id)!);
          return [status, text, headers.get("x-queue-reason"), headers.get("x-queue-position")];
        }),
      );
    const places = ["1", "2", "3"].map((position) => [503, "", "profile_paused", position]);
    expect(await positionsAt(b.url)).toEqual(places);
    expect(await a.stop()).toBe(0);
    const c = await startInstance();
    for (const { url } of [b, c]) {
      expect(await positionsAt(url)).toEqual(places);
      const { profiles } = await documentOf<Shown>(url, "status");
      expect(profiles).toMatchObject([{ waiting: 3, paused: { by: "ann", note: "kernel update" } }]);
    }
    expect((await linesOf(b.url, "jobs")).slice(1).map((line) => line.trim().split(/ +/).at(-1))).toEqual(
      ids.map(() => "profile_paused"),
    );
    expect(ci1.takes).toEqual([]);

    await linesOf(c.url, "unpause", profile);
    // One runner at a time, and the last in line asks first.
    for (const [at, id] of ids.entries()) {
      if (at > 0) ci1.freeOne(profile);
      for (const later of ids.slice(at + 1).reverse()) await reasonOf(c.url, later, tickets.get(later)!);
      expect((await takeUntilDone(b.url, id, tickets.get(id)!)).status).toBe(200);
    }
    expect(ci1.takes.map(({ uniqueId }) => uniqueId)).toEqual(ids);
  });
});

test("on the embedded store too: a drain and a pause hold at once, end when told, and name who sits at this computer", async () => {
  const ci0 = await startMonitor({ name: "ci0", profiles: { [profile]: 2 } });
  await using queue = await startService({ monitors: [ci0] });
  expect(await linesOf(queue.url, "drain", "ci0", "--note", "x")).toEqual([expect.stringMatching(/, by \S+@\S+: x$/)]);
  const one = await enqueueForTicket(queue.url, { profile, uniqueId: "one" });
  expect(await reasonOf(queue.url, "one", one)).toBe("unsatisfiable_now");
  await linesOf(queue.url, "pause", profile, "--note", "y");
  await linesOf(queue.url, "resume", "ci0");
  expect(await reasonOf(queue.url, "one", one)).toBe("profile_paused");
  expect(ci0.takes).toEqual([]);
  await linesOf(queue.url, "unpause", profile);
  expect((await takeUntilDone(queue.url, "one", one)).status).toBe(200);
});

test("cancel gives a waiting job's place up: its owner hears so, and who stood behind moves up", async () => {
  const ci0 = await startMonitor({ name: "ci0", profiles: { [profile]: 1 } });
  await using queue = await startService({ monitors: [ci0] });
  await linesOf(queue.url, "pause", profile, "--note", "so that they wait");
  const first = await enqueueForTicket(queue.url, { profile, uniqueId: "first" });
  const second = await enqueueForTicket(queue.url, { profile, uniqueId: "second" });
  await take(queue.url, "first", first);
  expect((await take(queue.url, "second", second)).headers.get("x-queue-position")).toBe("2");

  expect(await linesOf(queue.url, "cancel", "first")).toEqual(["first is cancelled."]);
  expect((await take(queue.url, "second", second)).headers.get("x-queue-position")).toBe("1");
  expect(await take(queue.url, "first", first)).toMatchObject({
    status: 404,
    text: expect.stringContaining("job_cancelled"),
  });
  await expect.poll(async () => (await linesOf(queue.url, "jobs")).join(), { interval: 500 }).not.toContain("first");
  await linesOf(queue.url, "unpause", profile);
  await takeUntilDone(queue.url, "second", second);
  expect(await refusalOf(queue.url, "cancel", "second")).toContain("409 job_taken");
});

test("rerun gets a job that had its runner another one, though nobody polls, and nobody's twice", async () => {
  const ci0 = await startMonitor({ name: "ci0", profiles: { [profile]: 1 }, habits: { startsAfterMs: null } });
  await using queue = await startService({ monitors: [ci0] });
  const ticket = await enqueueForTicket(queue.url, { profile, uniqueId: "again" });
  await takeUntilDone(queue.url, "again", ticket);
  for (let time = 0; time < 2; time++) {
    expect(await linesOf(queue.url, "rerun", "again")).toEqual(["again is queued, for the 2nd time."]);
  }
  ci0.freeOne(profile);
  await expect.poll(() => ci0.runners().filter(({ reservedFor }) => reservedFor === "again")).toHaveLength(2);
  expect(await refusalOf(queue.url, "rerun", "nobody")).toContain("404 job_unknown");
  await enqueueForTicket(queue.url, { profile, uniqueId: "waits" });
  await linesOf(queue.url, "cancel", "waits");
  expect(await refusalOf(queue.url, "rerun", "waits")).toContain("409 job_not_taken");
});
