// A Redis that answers, but refuses to write, is away: nobody is told that they were queued, it is
// seen from outside, and the log says why, once.
import { describe, expect, it, vi } from "vitest";
import { enqueue, enqueueForTicket, takeUntilDone } from "../support/client.ts";
import { scrape } from "../support/exposition.ts";
import { startMonitor } from "../support/monitors.ts";
import { hasRedis, type RedisServer, startRedis } from "../support/redis-server.ts";
import { type RunningService, startService } from "../support/service.ts";

const profile = "linux";

interface Trouble {
  readonly word: string;
  readonly begin: (server: RedisServer) => Promise<unknown>;
  readonly end: (server: RedisServer) => Promise<unknown>;
}

const troubles: readonly Trouble[] = [
  {
    word: "OOM",
    begin: async ({ client }) => await client.config("SET", "maxmemory", "1mb"),
    end: async ({ client }) => await client.config("SET", "maxmemory", "0"),
  },
  {
    word: "READONLY",
    begin: async ({ client }) => await client.replicaof("127.0.0.1", 1),
    end: async ({ client }) => await client.replicaof("NO", "ONE"),
  },
  {
    word: "NOREPLICAS",
    begin: async ({ client }) => await client.config("SET", "min-replicas-to-write", "1"),
    end: async ({ client }) => await client.config("SET", "min-replicas-to-write", "0"),
  },
];

const standingsOf = (service: RunningService) =>
  service
    .logLines()
    .filter(({ event, msg }) => /^store_(up|down)/.test(String(event ?? msg)))
    .map(({ event, msg, why }) => [/^store_(up|down)/.exec(String(event ?? msg))?.[0], why]);

describe.skipIf(!hasRedis)("a Redis that refuses writes", () => {
  it.each(troubles)(
    "with $word is away: enqueues are empty 503s, not ready, store_up 0, one line in the log; and well again, all goes on",
    async ({ word, begin, end }) => {
      await using server = await startRedis(true);
      const monitor = await startMonitor({ profiles: { [profile]: 2 } });
      await using service = await startService({ monitors: [monitor], redisUrl: server.url });
      const before = await enqueueForTicket(service.url, { profile, uniqueId: "before" });
      await begin(server);
      for (const uniqueId of ["a", "b", "c"]) {
        expect(await enqueue(service.url, { profile, uniqueId })).toEqual({ status: 503, text: "" });
      }
      for (let time = 0; time < 20; time++) expect((await fetch(`${service.url}/readyz`)).status).toBe(503);
      expect((await scrape(service.url)).value("runner_queue_store_up")).toBe(0);
      // all that is sent meanwhile, by monitors' polls and sweeps too, adds no line
      expect(standingsOf(service)).toEqual([
        ["store_up", undefined],
        ["store_down", word],
      ]);

      await end(server);
      await vi.waitFor(async () => expect((await fetch(`${service.url}/readyz`)).status).toBe(200), {
        timeout: 60_000,
        interval: 50,
      });
      // what it shows is up to a second old
      await vi.waitFor(async () => expect((await scrape(service.url)).value("runner_queue_store_up")).toBe(1), {
        timeout: 60_000,
        interval: 100,
      });
      expect((await takeUntilDone(service.url, "before", before)).status).toBe(200);
      const after = await enqueueForTicket(service.url, { profile, uniqueId: "after" });
      expect((await takeUntilDone(service.url, "after", after)).status).toBe(200);
      expect(standingsOf(service)).toEqual([
        ["store_up", undefined],
        ["store_down", word],
        ["store_up", undefined],
      ]);
    },
  );
});
