// An operator's word on a monitor reaches every row of it in the end, wherever an instance died or two of them crossed: each snapshot carries it.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { availableRunners } from "../../src/queue/fleet.ts";
import type { Store } from "../../src/queue/ports.ts";
import { drainKey, fleetKey } from "../../src/store/redis/keys.ts";
import { createRedisStore } from "../../src/store/redis/redis-store.ts";
import { startRedisProxy } from "../support/redis-proxy.ts";
import { hasRedis, type RedisServer, startRedis } from "../support/redis-server.ts";
import { testSettings } from "../support/settings.ts";

describe.skipIf(!hasRedis)("a drain on Redis", () => {
  let server: RedisServer;
  let store: Store;
  let now = 1_790_000_000_000;
  beforeAll(async () => {
    server = await startRedis();
    store = createRedisStore(
      server.url,
      testSettings(),
      () => {},
      () => now,
    );
  });
  afterAll(async () => {
    await store?.close();
    await server?.[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    await server.client.flushdb();
    await show();
  });

  const show = async () => {
    now += 10;
    const counts = new Map([["p", { idle: 2, target: 2, healthy: 2 }]]);
    await store.finishPoll("ci0", now, { kind: "snapshot", counts }, { nextInMs: 1000, restInMs: 3000 });
    now += 10;
  };
  const available = async () => {
    const row = (await store.fleet("p")).ci0;
    return row === undefined ? null : availableRunners(row, now, 10_000);
  };
  const act = (kind: "begin" | "end") => store.drain("ci0", { kind, by: "me", note: "", until: null });

  it("counts at once, and a resume in the same millisecond too", async () => {
    await act("begin");
    expect(await available()).toBe(0);
    await act("end");
    expect(await available()).toBe(2);
  });

  it("that is overtaken by a resume, in the same millisecond, undoes it nowhere", async () => {
    await using proxy = await startRedisProxy(server.url);
    const slow = createRedisStore(
      proxy.url,
      testSettings(),
      () => {},
      () => now,
    );
    await act("end");
    await slow.ping();
    const isRecorded = proxy.holdReplyTo(drainKey("ci0"));
    const drained = slow.drain("ci0", { kind: "begin", by: "slow", note: "", until: null });
    await isRecorded;
    await act("end");
    proxy.release();
    await drained;
    expect((await store.viewMonitor("ci0")).drain).toBeNull();
    expect(await available()).toBe(2);
    await slow.close();
  });

  it("reaches a row that was lost, or made by a snapshot that had not heard of it", async () => {
    await act("begin");
    await server.client.del(fleetKey("p"));
    await show();
    expect(await available()).toBe(0);
    await act("end");
    await server.client.del(fleetKey("p"));
    await show();
    expect(await available()).toBe(2);
  });

  it("that was recorded by an instance which died then takes effect with the next snapshot; so does a resume", async () => {
    const word = (until: number | null) => JSON.stringify({ by: "me", note: "", at: now, until });
    await server.client.set(drainKey("ci0"), word(null));
    expect(await available()).toBe(2);
    await show();
    expect(await available()).toBe(0);
    await server.client.set(drainKey("ci0"), word(now));
    await show();
    expect(await available()).toBe(2);
  });
});
