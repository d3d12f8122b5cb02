// Another run of the server starts a new epoch, once: jobs of before leave the line until evidence
// clears them.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createKeys } from "../../src/store/redis/keys.ts";
import { createRedisStore } from "../../src/store/redis/redis-store.ts";
import { createQueueOver } from "../support/queue-over.ts";
import { hasRedis, type RedisServer, startRedis } from "../support/redis-server.ts";
import { testSettings } from "../support/settings.ts";

describe.skipIf(!hasRedis)("the epoch of a queue", () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
  });

  it("ends with the server's run: no job of before is claimed before evidence, jobs enqueued since are free to go", async () => {
    const settings = testSettings();
    let now = 1_790_000_000_000;
    const store = createRedisStore(
      server.url,
      "rq",
      settings,
      () => {},
      () => now,
    );
    const queue = createQueueOver(store, settings);
    const counts = new Map([["p", { idle: 2, target: 2, healthy: 2 }]]);
    const show = () => queue.finishPoll("ci0", now, { kind: "snapshot", counts }, { nextInMs: 1000, idleInMs: 1000 });
    const enqueue = async (uniqueId: string) => {
      const request = { uniqueId, profileKey: "p", runnerCount: 1, qualifiedRepo: "o/r", runId: "1" };
      const reply = await queue.enqueue(request);
      if (reply.kind !== "accepted") throw new Error(reply.kind);
      return { ...request, place: reply.place };
    };
    await show();
    const before = await enqueue("before");
    const { lostAt } = await queue.sweep("p");

    // as a restarted server finds it: what it knows was written by another run
    const [head = ""] = createKeys("rq").ofProfile("p");
    await server.client.hset(head, "epoch", `${lostAt}|0000000000000000000000000000000000000000,`);
    now += 2_000;
    await show();
    expect(await queue.poll(before, "c1")).toMatchObject({ kind: "suspect", wait: { reason: "reconciling" } });
    const since = await enqueue("since");
    expect((await queue.poll(since, "c2")).kind).toBe("claimed");
    const next = await queue.sweep("p");
    expect(next.lostAt).toBe(now);
    const clear = { claimId: null, claimedAt: now, legs: [], found: [], clearedFor: next.lostAt };
    expect((await queue.settle(before, clear)).reply.kind).toBe("queued");
    expect((await queue.poll(before, "c3")).kind).toBe("claimed");
    // once: the same run begins no other epoch
    now += 1_000;
    await show();
    expect((await queue.sweep("p")).lostAt).toBe(next.lostAt);
    await store.close();
  });
});
