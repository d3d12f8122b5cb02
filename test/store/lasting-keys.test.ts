// How long Redis keeps what: docs/redis-keys.md, held against the keys of a queue that was used.
import { expect, it } from "vitest";
import { createKeys, describeKeys } from "../../src/store/redis/keys.ts";
import { enqueueForTicket, take, takeUntilDone } from "../support/client.ts";
import { startMonitor } from "../support/monitors.ts";
import { act } from "../support/queuectl.ts";
import { hasRedis, startRedis } from "../support/redis-server.ts";
import { startService } from "../support/service.ts";

/** Whether a key is one of a description's: `<profile>` and the like stand for a name. */
function isOf(described: string, key: string): boolean {
  const pattern = described.replaceAll(/[{}/]/g, "\\$&").replaceAll(/<\w+>/g, "[\\w.-]+");
  return new RegExp(`^${pattern}$`).test(key);
}

it.skipIf(!hasRedis)(
  "a drain and a pause have no TTL, nor has any other key that lasts; all else has one",
  async () => {
    await using redis = await startRedis();
    const monitors = [await startMonitor({ name: "ci0" }), await startMonitor({ name: "ci1" })];
    await using service = await startService({ monitors, redisUrl: redis.url, env: { PRESENCE_GRACE: "1m" } });
    for (const uniqueId of ["a", "b", "c"]) {
      const ticket = await enqueueForTicket(service.url, { profile: "linux", uniqueId });
      if (uniqueId === "c") expect((await take(service.url, uniqueId, ticket)).status).toBe(503);
      else expect((await takeUntilDone(service.url, uniqueId, ticket)).status).toBe(200);
    }
    await act(service.url, "/monitors/ci0/drain?note=new%20disk");
    await act(service.url, "/monitors/ci1/drain?until=2h");
    await act(service.url, "/profiles/linux/pause");
    expect(await redis.client.pttl(createKeys("rq").document("drain/ci0"))).toBe(-1);

    const keys = await redis.client.keys("*");
    const seen = new Set<string>();
    const keyDescriptions = describeKeys();
    for (const key of keys) {
      const [description, ...more] = keyDescriptions.filter((one) => isOf(one.key, key));
      expect([key, description?.key, more]).toEqual([key, expect.any(String), []]);
      const lasts = (await redis.client.pttl(key)) === -1;
      const isLiveJob = key.includes(":job:") && lasts;
      expect([key, lasts]).toEqual([key, isLiveJob || description?.ends.startsWith("no TTL")]);
      seen.add(description?.key ?? "");
    }
    // nobody is absent, no leg is open, and a live job is described with those that are over
    const unseen = keyDescriptions.filter(({ key, ends }) => ends.startsWith("no TTL") && !seen.has(key));
    expect(unseen.map(({ key }) => key)).toEqual(["rq:2:{<profile>}:aside", "rq:2:{<profile>}:claimed"]);
  },
);
