// Operators forget what is no more: a monitor that was taken out of MONITORS, and a profile that
// only it had. What is still asked, kept or waited for is never forgotten by mistake.
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { enqueue, enqueueForTicket } from "../support/client.ts";
import { createTestDirectory } from "../support/files.ts";
import { startMonitor } from "../support/monitors.ts";
import { act } from "../support/queuectl.ts";
import { hasRedis, startRedis } from "../support/redis-server.ts";
import { apiToken, type RunningService, startService } from "../support/service.ts";
import { askProblem } from "../support/tokenless.ts";

async function forget(service: RunningService, path: string) {
  const headers = { authorization: `Bearer ${apiToken}` };
  const { status, code } = await askProblem(`${service.url}${path}/forget?note=gone`, { method: "POST", headers });
  return code ?? status;
}

async function dashboardOf(service: RunningService): Promise<string> {
  const headers = { authorization: `Bearer ${apiToken}` };
  return await (await fetch(`${service.url}/dashboard.json`, { headers })).text();
}

describe.each(["DATA_FILE", ...(hasRedis ? ["Redis"] : [])])("with %s", (kind) => {
  it("a monitor and its profile are gone at once, and nothing else is", { timeout: 60_000 }, async () => {
    await using things = new AsyncDisposableStack();
    const redis = kind === "Redis" ? things.use(await startRedis()) : undefined;
    const file = join(await createTestDirectory(), "queue.db");
    const options = redis === undefined ? { env: { DATA_FILE: file } } : { redisUrl: redis.url };
    const stays = await startMonitor({ name: "ci0", profiles: { linux: 1, macos: 1 } });
    const leaves = await startMonitor({ name: "ci9", profiles: { linux: 1, old: 1 } });
    const before = await startService({ monitors: [stays, leaves], ...options });
    expect(await forget(before, "/monitors/ci9")).toBe("monitor_in_use");
    expect(await forget(before, "/profiles/old")).toBe("profile_in_use");
    expect(await before.stop()).toBe(0);

    const service = things.use(await startService({ monitors: [stays], ...options }));
    expect(await forget(service, "/profiles/old"), "ci9 said that it keeps some").toBe("profile_in_use");
    expect(await forget(service, "/monitors/ci9")).toBe(200);
    await service.onLog(({ msg, monitor, note }) => msg === "forgot_monitor" && monitor === "ci9" && note === "gone");
    expect(await forget(service, "/monitors/ci9"), "it is unknown now").toBe("monitor_unknown");
    expect(await forget(service, "/monitors/nobody")).toBe("monitor_unknown");
    expect(await forget(service, "/monitors/ci0")).toBe("monitor_in_use");

    expect(await dashboardOf(service)).toContain('"old"');
    expect(await forget(service, "/profiles/old")).toBe(200);
    expect(await forget(service, "/profiles/old")).toBe("profile_unknown");
    expect(await forget(service, "/profiles/linux")).toBe("profile_in_use");
    expect(await forget(service, "/profiles/..%2f")).not.toBe(200);
    expect(await dashboardOf(service)).not.toContain('"old"');
    expect((await enqueue(service.url, { profile: "old", uniqueId: "late" })).status).toBe(422);

    // as good as new, should it come back
    await act(service.url, "/monitors/ci0/drain");
    await enqueueForTicket(service.url, { profile: "macos", uniqueId: "waits" });
    expect(await forget(service, "/profiles/macos"), "somebody waits").toBe("profile_in_use");
    expect(await service.stop()).toBe(0);
    const again = things.use(await startService({ monitors: [stays, leaves], ...options }));
    expect((await enqueue(again.url, { profile: "old", uniqueId: "later" })).status).toBe(200);
    expect(await dashboardOf(again)).toContain('"old"');
  });
});
