// An operator's word on a monitor reaches every row of it in the end, wherever an instance died or
// two of them crossed: each snapshot carries it, and a fence keeps takes from being sent meanwhile.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { availableRunners } from "../../src/queue/fleet/fleet.ts";
import type { Store } from "../../src/queue/store.ts";
import { createKeys } from "../../src/store/redis/keys.ts";
import { createRedisStore } from "../../src/store/redis/redis-store.ts";
import { createQueueOver, type QueueOver } from "../support/queue-over.ts";
import { startRedisProxy } from "../support/redis-proxy.ts";
import { hasRedis, type RedisServer, startRedis } from "../support/redis-server.ts";
import { testSettings } from "../support/settings.ts";

describe.skipIf(!hasRedis)("a drain on Redis", () => {
  const settings = testSettings();
  const keys = createKeys("rq");
  const drainKey = keys.document("drain/ci0");
  const fleetKey = keys.ofProfile("p")[5] ?? "";
  let server: RedisServer;
  let store: Store;
  let queue: QueueOver;
  let now = 1_790_000_000_000;
  const open = (url: string) =>
    createRedisStore(
      url,
      "rq",
      settings,
      () => {},
      () => now,
    );
  beforeAll(async () => {
    server = await startRedis();
    store = open(server.url);
  });
  afterAll(async () => {
    await store?.close();
    await server?.[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    await server.client.flushdb();
    queue = createQueueOver(store, settings);
    await show();
  });

  const show = async () => {
    now += 10;
    const counts = new Map([["p", { idle: 2, target: 2, healthy: 2 }]]);
    await queue.finishPoll("ci0", now, { kind: "snapshot", counts }, { nextInMs: 1000, idleInMs: 3000 });
    now += 10;
  };
  const available = async () => {
    const row = (await queue.overview("p", 0)).fleet.get("ci0");
    return row === undefined ? null : availableRunners(row, now, 10_000);
  };
  const place = async () => await store.takePlace("ci0", `leg-${now}`, 2, 1000);
  const act = (kind: "begin" | "end") => queue.drain("ci0", { kind, by: "me", note: "", until: null });

  it("counts at once, and a resume in the same millisecond too", async () => {
    await act("begin");
    expect([await available(), await place()]).toEqual([0, "fenced"]);
    await act("end");
    expect([await available(), await place()]).toEqual([2, "taken"]);
  });

  it("that is overtaken by a resume, in the same millisecond, undoes it nowhere", async () => {
    await using proxy = await startRedisProxy(server.url);
    const slowStore = open(proxy.url);
    const slow = createQueueOver(slowStore, settings, "slow");
    await act("end");
    await slowStore.ping();
    const isRecorded = proxy.holdReplyTo('"by":"slow"');
    const drained = slow.drain("ci0", { kind: "begin", by: "slow", note: "", until: null });
    await isRecorded;
    await act("end");
    proxy.release();
    await drained;
    expect((await queue.monitor("ci0")).drain).toBeNull();
    await show();
    expect([await available(), await place()]).toEqual([2, "taken"]);
    await slowStore.close();
  });

  it("reaches a row that was lost, or made by a snapshot that had not heard of it", async () => {
    await act("begin");
    await server.client.hdel(fleetKey, "snapshot/ci0");
    queue = createQueueOver(store, settings);
    await show();
    expect(await available()).toBe(0);
  });

  it("that was recorded by an instance which died then takes effect with the next snapshot; so does a resume", async () => {
    const word = (until: number | null) => `${now} ${JSON.stringify({ by: "me", note: "", at: now, until })}`;
    await server.client.set(drainKey, word(null));
    expect(await available()).toBe(2);
    await show();
    expect([await available(), await place()]).toEqual([0, "fenced"]);
    await server.client.set(drainKey, word(now));
    await show();
    expect([await available(), await place()]).toEqual([2, "taken"]);
  });
});
