// Limits of a policy, against the real service and simulated monitors: whoever is above one stands
// aside, holds nobody back and is back in its place; and the monitors' own truth never shows more.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { enqueueUrl } from "../../scripts/deployed-client.ts";
import type { LogLine } from "../../scripts/service-process.ts";
import type { SimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import { cancel, enqueue, enqueueForTicket, type Reply, take, takeUntilDone } from "../support/client.ts";
import { createTestDirectory } from "../support/files.ts";
import { startMonitor } from "../support/monitors.ts";
import { hasRedis, startRedis } from "../support/redis-server.ts";
import { apiToken, type RunningService, startService } from "../support/service.ts";

const linux = "linux";
const stays = { startsAfterMs: null, reservedForMs: 3_600_000 };

async function policyFile(policy: unknown): Promise<string> {
  const file = join(await createTestDirectory(), "policy.json");
  await writeFile(file, JSON.stringify(policy));
  return file;
}

const reasonOf = ({ headers }: Reply) => headers.get("x-queue-reason");

/** One poll after the other until its reply has the reason. */
async function pollUntil(url: string, uniqueId: string, ticket: string, reason: string): Promise<void> {
  const askWhy = async () => {
    const reply = await take(url, uniqueId, ticket);
    return reply.status === 200 ? "served" : (reasonOf(reply) ?? "");
  };
  const seen = await vi.waitUntil(
    async () => {
      const why = await askWhy();
      return why === reason || why === "served" ? why : null;
    },
    { timeout: 60_000 },
  );
  expect(seen, uniqueId).toBe(reason);
}

/** Statuses of one poll after the other, for so long or until it is served. */
async function pollFor(url: string, uniqueId: string, ticket: string, ms: number): Promise<readonly number[]> {
  const statuses: number[] = [];
  for (const until = performance.now() + ms; performance.now() < until && statuses.at(-1) !== 200; ) {
    statuses.push((await take(url, uniqueId, ticket)).status);
  }
  return statuses;
}

describe.each([{ name: "embedded" }, ...(hasRedis ? [{ name: "Redis" }] : [])])("limits ($name)", ({ name }) => {
  const start = async (monitors: readonly SimulatedMonitor[], policy: unknown, more: Record<string, string> = {}) => {
    const redis = name === "Redis" ? await startRedis() : undefined;
    const file = await policyFile(policy);
    const env = { POLICY_FILE: file, ABANDON_AFTER: "120s", ...more };
    const service = await startService({ monitors, env, ...(redis !== undefined && { redisUrl: redis.url }) });
    return Object.assign(service, {
      redis,
      /** Writes another policy, and resolves once it is in force. */
      reload: async (changed: unknown) => {
        await writeFile(file, JSON.stringify(changed));
        const isWord = ({ msg }: LogLine) => /^settings (not )?reloaded/.test(String(msg));
        const before = service.logLines().filter(isWord).length;
        service.process.send("SIGHUP");
        await service.onLog(() => service.logLines().filter(isWord).length > before);
      },
      [Symbol.asyncDispose]: async () => {
        await service.kill9();
        await redis?.[Symbol.asyncDispose]();
      },
    });
  };
  const come = async (service: RunningService, uniqueId: string, repo: string) =>
    await enqueueForTicket(service.url, { profile: linux, uniqueId, repo, runId: "1" });

  it("a job above its repository's limit stands aside, is told why, and holds nobody back", async () => {
    const monitor = await startMonitor({ profiles: { [linux]: 3 }, habits: stays });
    await using service = await start([monitor], { repositories: { "o/few": { max_runners: 1 } } });
    const { url } = service;
    const [first, second, third] = [
      await come(service, "first", "o/few"),
      await come(service, "second", "O/Few"),
      await come(service, "third", "o/few"),
    ];
    expect((await takeUntilDone(url, "first", first)).status).toBe(200);
    await pollUntil(url, "second", second, "repository_limit");
    await pollUntil(url, "third", third, "repository_limit");
    // two of them stand before it
    const other = await come(service, "other", "o/many");
    const served = await takeUntilDone(url, "other", other);
    expect([served.status, monitor.reservedFor("second"), monitor.reservedFor("third")]).toEqual([200, [], []]);
    const explained = await (await fetch(`${url}/jobs/second/explain?token=${second}`)).json();
    expect(explained).toMatchObject({
      reason: "repository_limit",
      limit: { scope: "repository", name: "o/few", max_runners: 1, in_use: 1 },
      says: expect.stringContaining("1 of the 1 runner that o/few may have are in use"),
    });
  });

  it("who stands aside comes back in the order of their places as soon as there is room", async () => {
    const monitor = await startMonitor({
      profiles: { [linux]: 5 },
      habits: { reservedForMs: 6_000, rebornAfterMs: 10 },
    });
    await using service = await start([monitor], { owners: { o: { max_runners: 1 } } });
    const { url } = service;
    const ids = ["a", "b", "c", "d"];
    const tickets: string[] = [];
    for (const id of ids) tickets.push(await come(service, id, "o/r"));
    expect((await takeUntilDone(url, "a", tickets[0] ?? "")).status).toBe(200);
    // the last ones stand aside first
    for (const at of [3, 2, 1]) await pollUntil(url, ids[at] ?? "", tickets[at] ?? "", "repository_limit");
    const reserved: string[] = [];
    monitor.onReserved((_, uniqueId) => reserved.push(uniqueId));
    // of the next ones: that of "a" is destroyed when its time is over
    monitor.habits = { ...monitor.habits, reservedForMs: 200 };
    await Promise.all(
      [3, 2, 1].map(async (at) => await takeUntilDone(url, ids[at] ?? "", tickets[at] ?? "", { longestWaitMs: 30 })),
    );
    expect(reserved).toEqual(["b", "c", "d"]);
  });

  it("among those whom one limit holds the line's order counts: a gang is not passed, and shares are kept", async () => {
    const monitor = await startMonitor({
      profiles: { [linux]: 6 },
      habits: { reservedForMs: 8_000, rebornAfterMs: 10 },
    });
    const policy = { repositories: { "o/heavy": { weight: 4 } }, owners: { o: { max_runners: 2 } } };
    await using service = await start([monitor], policy);
    const { url } = service;
    const tickets = new Map<string, string>();
    const comeAs = async (uniqueId: string, repo: string, count: number) =>
      tickets.set(uniqueId, await enqueueForTicket(url, { profile: linux, uniqueId, repo, runId: "1", count }));
    await comeAs("holder", "o/holder", 2);
    expect((await takeUntilDone(url, "holder", tickets.get("holder") ?? "")).status).toBe(200);
    tickets.delete("holder");
    await comeAs("gang", "o/gang", 2);
    for (const n of [1, 2, 3]) for (const repo of ["a", "b"]) await comeAs(`${repo}${n}`, `o/${repo}`, 1);
    for (const n of [1, 2, 3, 4]) await comeAs(`heavy${n}`, "o/heavy", 1);
    for (const [id, ticket] of tickets) await pollUntil(url, id, ticket, "repository_limit");
    const reserved: string[] = [];
    monitor.onReserved((_, uniqueId) => reserved.push(uniqueId));
    // of the next ones
    monitor.habits = { ...monitor.habits, reservedForMs: 400 };
    await Promise.all(
      [...tickets].map(async ([id, ticket]) => await takeUntilDone(url, id, ticket, { longestWaitMs: 30 })),
    );
    expect(reserved.slice(0, 2)).toEqual(["gang", "gang"]);
    // one of each of the others, then the heavy one's next three before their second
    expect(reserved.indexOf("heavy4")).toBeLessThan(Math.min(reserved.indexOf("a3"), reserved.indexOf("b3")));
  });

  it("a gang above a limit that was lowered holds none of its repository back", async () => {
    const monitor = await startMonitor({ profiles: { [linux]: 8 }, habits: stays });
    await using service = await start([monitor], { repositories: { "o/few": { max_runners: 4 } } });
    const { url } = service;
    const post = async (path: string) =>
      await fetch(url + path, { method: "POST", headers: { authorization: `Bearer ${apiToken}` } });
    await post(`/profiles/${linux}/pause`);
    const gang = await enqueueForTicket(url, { profile: linux, uniqueId: "gang", repo: "o/few", runId: "1", count: 4 });
    await service.reload({ repositories: { "o/few": { max_runners: 2 } } });
    await post(`/profiles/${linux}/resume`);
    await pollUntil(url, "gang", gang, "repository_limit");
    const single = await come(service, "single", "o/few");
    const answered = takeUntilDone(url, "single", single, { longestWaitMs: 50 });
    // the gang goes on asking meanwhile
    while (monitor.reservedFor("single").length === 0) await take(url, "gang", gang);
    expect((await answered).status).toBe(200);
    const explained = await (await fetch(`${url}/jobs/gang/explain?token=${gang}`)).json();
    expect(explained).toMatchObject({
      says: expect.stringContaining("asks for 4 runners, and o/few may have 2 by now"),
    });
  });

  it("a limit that comes while others were there counts what runs already", async () => {
    const monitor = await startMonitor({ profiles: { [linux]: 6 }, habits: stays });
    await using service = await start([monitor], { repositories: { "o/other": { max_runners: 1 } } });
    const { url } = service;
    for (const id of ["a", "b"]) {
      expect((await takeUntilDone(url, id, await come(service, id, "o/few"))).status).toBe(200);
    }
    const policy = { repositories: { "o/other": { max_runners: 1 }, "o/few": { max_runners: 2 } } };
    const ticket = await come(service, "c", "o/few");
    await service.reload(policy);
    await pollUntil(url, "c", ticket, "repository_limit");
    await service.redis?.client.flushall();
    await pollUntil(url, "c", ticket, "repository_limit");
    expect(await pollFor(url, "c", ticket, 3_000)).not.toContain(200);
  });

  it("a limit that is lowered holds for those who wait, and one that is raised lets them go", async () => {
    const monitor = await startMonitor({ profiles: { [linux]: 4 }, habits: stays });
    const limitedTo = (max_runners: number) => ({ repositories: { "o/few": { max_runners } } });
    await using service = await start([monitor], limitedTo(3));
    const { url } = service;
    const tickets = new Map<string, string>();
    for (const id of ["a", "b", "c"]) tickets.set(id, await come(service, id, "o/few"));
    expect((await takeUntilDone(url, "a", tickets.get("a") ?? "")).status).toBe(200);
    await service.reload(limitedTo(1));
    await pollUntil(url, "b", tickets.get("b") ?? "", "repository_limit");
    await pollUntil(url, "c", tickets.get("c") ?? "", "repository_limit");
    await service.reload(limitedTo(2));
    expect((await takeUntilDone(url, "b", tickets.get("b") ?? "")).status).toBe(200);
    await pollUntil(url, "c", tickets.get("c") ?? "", "repository_limit");
    expect([monitor.reservedFor("b").length, monitor.reservedFor("c").length]).toEqual([1, 0]);
  });

  it("a job for which nobody polls stands aside at a limit, and is served by itself when there is room", async () => {
    const monitor = await startMonitor({
      profiles: { [linux]: 3 },
      habits: { ...stays, reservedForMs: 6_000, rebornAfterMs: 10 },
    });
    const policy = { repositories: { "o/few": { max_runners: 1 } } };
    await using service = await start([monitor], policy, { GITHUB_WEBHOOK_SECRETS: "webhook-secret-of-the-tests" });
    const reserved: string[] = [];
    const second = new Promise<void>((resolve) => {
      monitor.onReserved((_, uniqueId) => {
        reserved.push(uniqueId);
        if (uniqueId === "second") resolve();
      });
    });
    const comeDetached = async (uniqueId: string, repo: string) => {
      const url = `${enqueueUrl(service.url, { profile: linux, uniqueId, repo, runId: "1" })}&presence=github`;
      const { status } = await fetch(url, { method: "POST", headers: { authorization: `Bearer ${apiToken}` } });
      expect(status).toBe(200);
    };
    await comeDetached("first", "o/few");
    await comeDetached("second", "o/few");
    await comeDetached("other", "o/many");
    await second;
    expect(reserved.toSorted()).toEqual(["first", "other", "second"]);
    expect(reserved.at(-1)).toBe("second");
  });

  it("max_waiting counts who waits already when it comes", async () => {
    const monitor = await startMonitor({ profiles: { [linux]: 1 }, habits: stays });
    await using service = await start([monitor], { owners: { other: { max_waiting: 1 } } });
    const { url } = service;
    const holder = await come(service, "holder", "o/r");
    expect((await takeUntilDone(url, "holder", holder)).status).toBe(200);
    const tickets = new Map<string, string>();
    for (const id of ["a", "b"]) tickets.set(id, await come(service, id, "o/r"));
    await service.reload({ owners: { o: { max_waiting: 2 } } });
    let tries = 0;
    // a poll writes its presence now and then, and is counted with that
    await vi.waitFor(
      async () => {
        for (const [id, ticket] of tickets) await take(url, id, ticket);
        const uniqueId = `next-${tries++}`;
        const { status, text } = await enqueue(url, { profile: linux, uniqueId, repo: "o/r", runId: "1" });
        if (status === 200) await cancel(url, uniqueId, text);
        expect(status).toBe(429);
      },
      { timeout: 60_000, interval: 200 },
    );
  });

  it("as many jobs of a repository wait as max_waiting allows, whoever enqueues them; the next is told so, empty", async () => {
    const monitor = await startMonitor({ profiles: { [linux]: 1 }, habits: stays });
    const policy = { repositories: { "o/few": { max_waiting: 2 }, "o/*": {} }, owners: { o: { max_runners: 4 } } };
    await using service = await start([monitor], policy);
    const ask = (uniqueId: string, repo = "o/few") =>
      enqueue(service.url, { profile: linux, uniqueId, repo, runId: "1" });
    const ticket = (await ask("a")).text;
    expect((await ask("b")).status).toBe(200);
    expect(await ask("c")).toEqual({ status: 429, text: "" });
    expect([(await ask("a")).status, (await ask("x", "o/other")).status], "who is in line stays").toEqual([200, 200]);
    const batch = await fetch(`${service.url}/runs/1/enqueue`, {
      method: "POST",
      headers: { authorization: `Bearer ${apiToken}`, "content-type": "application/json" },
      body: JSON.stringify({ jobs: [{ unique_id: "d", profile_key: linux, qualified_repo: "o/few" }] }),
    });
    expect([batch.status, reasonOf({ headers: batch.headers, status: 0, text: "" }), await batch.text()]).toEqual([
      429,
      "repository_queue_full",
      "",
    ]);
    expect((await cancel(service.url, "a", ticket)).status).toBe(200);
    expect((await ask("c")).status).toBe(200);
    const gang = await enqueue(service.url, {
      profile: linux,
      uniqueId: "gang",
      repo: "o/other",
      runId: "1",
      count: 5,
    });
    expect([gang.status, JSON.parse(gang.text)]).toMatchObject([
      422,
      { code: "above_limit", detail: "Jobs of o may have 4 runners at once" },
    ]);
  });
});

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
