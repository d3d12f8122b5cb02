// What an instance looks at before it serves from a Redis: its version, policy, persistence and
// rights, and what the first version left there.
import { describe, expect, it } from "vitest";
import { spawnService } from "../../scripts/service-process.ts";
import { createKeys } from "../../src/store/redis/keys.ts";
import { checkServer, judge } from "../../src/store/redis/server-check.ts";
import { enqueueForTicket, take, takeUntilDone } from "../support/client.ts";
import { startMonitor } from "../support/monitors.ts";
import { documentOf, linesOf } from "../support/queuectl.ts";
import { hasRedis, type RedisServer, startRedis } from "../support/redis-server.ts";
import { apiToken, startService } from "../support/service.ts";

const keys = createKeys("rq");
const infoOf = (version: string, policy: string, isAppending: boolean) =>
  `# Server\r\nredis_version:${version}\r\nmaxmemory_policy:${policy}\r\naof_enabled:${isAppending ? 1 : 0}\r\n`;
const evicts = "Redis evicts keys when it is full (maxmemory-policy allkeys-lru): jobs would vanish. Set noeviction";
const forgets = "Redis keeps no append-only file: a restart forgets claims. Set appendonly yes";

describe("what a server says of itself", () => {
  it.each([
    ["7.0.0", "noeviction", true, []],
    ["7.0.15", "allkeys-lru", true, [evicts]],
    ["7.2.4", "noeviction", false, [forgets]],
    ["8.2.1", "allkeys-lru", false, [evicts, forgets]],
    ["10.0.0", "noeviction", true, []],
  ] as const)(
    "%s with %s, append-only file: %s, serves, and its dangers are named",
    (version, policy, isAppending, advice) => {
      expect(judge(infoOf(version, policy, isAppending))).toEqual({ kind: "fine", advice });
    },
  );

  it.each(["6.2.14", "5.0.7", "2.8.0"])(
    "%s is refused with the version that is needed, for it would answer every enqueue with an error",
    (version) => {
      expect(judge(infoOf(version, "noeviction", true))).toEqual({
        kind: "refused",
        why: `Redis ${version} is too old: version 7 or later is needed (Valkey will do)`,
      });
    },
  );
});

/** The URL of a server on TCP, with who asks. */
const urlWith = (server: RedisServer, credentials: string) => server.url.replace("redis://", `redis://${credentials}@`);
const environmentFor = (redisUrl: string) => ({
  API_TOKENS: apiToken,
  MONITORS: "ci0=http://127.0.0.1:1",
  REDIS_URL: redisUrl,
});

describe.skipIf(!hasRedis)("a start", () => {
  it.each([
    ["a wrong password", ":wrong-password", "WRONGPASS"],
    ["no password", "", "NOAUTH"],
  ])("with %s ends with a sentence that quotes none, and exit code 1", async (_, credentials, word) => {
    await using server = await startRedis(false, true, ["--requirepass", "right-password"]);
    const url = credentials === "" ? server.url : urlWith(server, credentials);
    const service = spawnService(environmentFor(url));
    expect(await service.ended).toBe(1);
    expect(service.stderr()).toBe(
      `runner-queue cannot start:\n  REDIS_URL: ${word}: the password in REDIS_URL is wrong or missing\n`,
    );
    expect(service.strayLines).toEqual([]);
  });

  it("as a user who may not use INFO ends with the right that is missing, and exit code 1", async () => {
    await using server = await startRedis(false, true);
    await server.client.call("ACL", "SETUSER", "queue", "on", ">pw", "~*", "&*", "+@all", "-info");
    const service = spawnService(environmentFor(urlWith(server, "queue:pw")));
    expect(await service.ended).toBe(1);
    expect(service.stderr()).toContain("REDIS_URL: its user may not use INFO");
    expect(service.stderr()).toContain("Allow +info");
  });

  it("where nobody answers goes on: the server may come back", async () => {
    expect(await checkServer("redis://127.0.0.1:1", keys, ["ci0"])).toEqual({ kind: "unreachable" });
  });

  it("on a Redis that evicts and keeps no file warns of both, once", async () => {
    await using server = await startRedis(false, false, ["--maxmemory-policy", "allkeys-lru"]);
    const monitor = await startMonitor();
    await using service = await startService({ monitors: [monitor], redisUrl: server.url });
    const warnings = service.logLines().map(({ msg }) => msg);
    for (const words of [evicts, forgets]) expect(warnings.filter((msg) => msg === words)).toEqual([words]);
  });
});

const act = { by: "ann", note: "new disk", at: 1_790_000_000_000, until: null };
const firstVersion = keys.firstVersion;

/** As an instance of the first version that asked its monitor `agoMs` ago leaves its keys. */
async function layFirstVersion({ client }: RedisServer, agoMs: number): Promise<void> {
  await client.sadd(firstVersion.profiles, "linux", "arm");
  await client.set(firstVersion.drain("ci0"), JSON.stringify(act));
  await client.set(firstVersion.paused("linux"), JSON.stringify({ ...act, note: "kernel update" }));
  const [seconds] = await client.time();
  await client.hset(firstVersion.monitor("ci0"), "begunAt", Number(seconds) * 1000 - agoMs);
}

interface Shown {
  readonly profiles: readonly { readonly profile_key: string; readonly paused: unknown }[];
  readonly monitors: readonly { readonly draining: unknown }[];
}

describe.skipIf(!hasRedis)("a Redis that the first version served from", () => {
  it("gives its drains and pauses over: they hold from the first moment, and are shown with who and why", async () => {
    await using server = await startRedis(true);
    await layFirstVersion(server, 10_000);
    const monitor = await startMonitor({ profiles: { linux: 1, arm: 1 } });
    const ready = startService({ monitors: [monitor], redisUrl: server.url });
    await using service = await ready;
    const said = service.logLines().map(({ msg }) => msg);
    expect(said).toContain("the last word on monitor ci0 was taken over from the first version");
    expect(said).toContain("the pause of profile linux was taken over from the first version");

    const linux = await enqueueForTicket(service.url, { profile: "linux", uniqueId: "on-linux" });
    const arm = await enqueueForTicket(service.url, { profile: "arm", uniqueId: "on-arm" });
    const reasonOf = async (id: string, ticket: string) =>
      (await take(service.url, id, ticket)).headers.get("x-queue-reason");
    expect(await reasonOf("on-linux", linux)).toBe("profile_paused");
    expect(await reasonOf("on-arm", arm)).toBe("unsatisfiable_now");
    expect(monitor.takes).toEqual([]);
    const { monitors } = await documentOf<Shown>(service.url, "monitors");
    expect(monitors).toMatchObject([{ draining: { by: "ann", note: "new disk", until: null } }]);
    const { profiles } = await documentOf<Shown>(service.url, "status");
    expect(profiles.find(({ profile_key }) => profile_key === "linux")).toMatchObject({
      paused: { by: "ann", note: "kernel update" },
    });

    await linesOf(service.url, "resume", "ci0");
    await linesOf(service.url, "unpause", "linux");
    expect((await takeUntilDone(service.url, "on-arm", arm)).status).toBe(200);
    expect((await takeUntilDone(service.url, "on-linux", linux)).status).toBe(200);
  });

  it("gives them once: what operators said since is not undone by the next start", async () => {
    await using server = await startRedis(true);
    await layFirstVersion(server, 10_000);
    const monitor = await startMonitor({ profiles: { linux: 1, arm: 1 } });
    const first = await startService({ monitors: [monitor], redisUrl: server.url });
    await linesOf(first.url, "resume", "ci0");
    await linesOf(first.url, "unpause", "linux");
    expect(await first.stop()).toBe(0);
    await using second = await startService({ monitors: [monitor], redisUrl: server.url });
    expect(second.logLines().filter(({ msg }) => String(msg).includes("taken over"))).toEqual([]);
    const ticket = await enqueueForTicket(second.url, { profile: "linux", uniqueId: "job" });
    expect((await takeUntilDone(second.url, "job", ticket)).status).toBe(200);
  });

  it("refuses a start while the first version still asks a monitor there: two queues would claim the same runners", async () => {
    await using server = await startRedis(true);
    await layFirstVersion(server, 0);
    const service = spawnService(environmentFor(server.url));
    expect(await service.ended).toBe(1);
    expect(service.stderr()).toContain("an instance of the first version still serves from this Redis");
    // nothing was taken over
    expect(await server.client.keys("rq:2:*")).toEqual([]);
  });
});
