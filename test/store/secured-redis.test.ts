// Redis behind TLS and passwords, as REDIS_URL names it: one server, Sentinel, and Cluster.
import { describe, expect, it } from "vitest";
import { spawnService } from "../../scripts/service-process.ts";
import { enqueueForTicket, takeUntilDone } from "../support/client.ts";
import { startMonitor } from "../support/monitors.ts";
import { hasRedis } from "../support/redis-server.ts";
import { password, sentinelPassword, startSecuredRedis } from "../support/secured-redis.ts";
import { monitorsSetting, settingsForTests, startService } from "../support/service.ts";

describe.skipIf(!hasRedis)("a store that speaks TLS only, and asks for passwords", () => {
  it.each(["single", "sentinel", "cluster"] as const)("serves a job, and no password is logged: %s", async (kind) => {
    await using redis = await startSecuredRedis(kind);
    const monitor = await startMonitor({ profiles: { linux: 1 } });
    const env = { NODE_EXTRA_CA_CERTS: redis.authority };
    await using service = await startService({ monitors: [monitor], redisUrl: redis.url, env });
    const ticket = await enqueueForTicket(service.url, { profile: "linux", uniqueId: "a" });
    expect((await takeUntilDone(service.url, "a", ticket)).status).toBe(200);
    const log = JSON.stringify(service.logLines());
    expect(log).not.toContain(password);
    expect(log).not.toContain(sentinelPassword);
  });

  it("is not trusted without its authority's certificate: the log says why, and nothing is served", async () => {
    await using redis = await startSecuredRedis("single");
    const monitor = await startMonitor({ profiles: { linux: 1 } });
    const env = { ...settingsForTests, MONITORS: monitorsSetting([monitor]), REDIS_URL: redis.url };
    const service = spawnService(env);
    const { why } = await service.onLog(({ msg }) => String(msg).startsWith("store_down"));
    expect(why).toBe("SELF_SIGNED_CERT_IN_CHAIN");
    await service.onLog(({ msg }) => msg === "listening");
    service.send("SIGTERM");
    expect(await service.ended).toBe(0);
  });
});
