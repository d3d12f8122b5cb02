// A monitor that looks well and gives no runner: its dashboard is fresh, runners are idle, and
// every take comes to nothing. Whoever looks on must see it, also between its back-offs, until a
// take succeeds there.
import { setTimeout as delay } from "node:timers/promises";
import { expect, it, vi } from "vitest";
import { noFaults } from "../../scripts/simulated-fleet/habits-and-faults.ts";
import { enqueueForTicket, take } from "../support/client.ts";
import { startMonitor } from "../support/monitors.ts";
import { startService } from "../support/service.ts";

it("stays a concern from its second refusal until it gives a runner; jobs hear monitor_refuses and none is spent", async () => {
  const monitor = await startMonitor({ name: "mac0", profiles: { linux: 3 }, faults: { take: "refuseNull" } });
  await using service = await startService({ monitors: [monitor], env: { MONITOR_SETTLE: "0s" } });
  const waiting = new Map<string, string>();
  for (const uniqueId of ["a", "b", "c", "d", "e"])
    waiting.set(uniqueId, await enqueueForTicket(service.url, { profile: "linux", uniqueId }));
  const look = async () => await (await fetch(`${service.url}/dashboard.txt`)).text();
  const reasons = new Set<string | null>();
  const pollAll = async () => {
    for (const [uniqueId, ticket] of waiting) {
      const reply = await take(service.url, uniqueId, ticket);
      reasons.add(reply.headers.get("x-queue-reason"));
      if (reply.status === 503) continue;
      expect([uniqueId, reply.status, reply.text === "null"]).toEqual([uniqueId, 200, false]);
      waiting.delete(uniqueId);
    }
  };
  const concern = /mac0 refused its last \d+ takes of linux/;
  while (!concern.test(await look())) await pollAll();
  // from here on it is never well, whether it is being asked, or left alone for a while
  for (let before = monitor.takes.length; monitor.takes.length < before + 3; ) {
    await pollAll();
    const text = await look();
    expect(text).toMatch(concern);
    expect(text).toContain("0 of 1 monitor well");
    // how often the jobs ask, as long as it goes on
    await delay(20);
  }
  expect(waiting.size, "nobody was spent").toBe(5);
  expect(reasons).toContain("monitor_refuses");

  monitor.faults = noFaults;
  await vi.waitUntil(
    async () => {
      await pollAll();
      return waiting.size <= 2;
    },
    { timeout: 120_000 },
  );
  await expect.poll(look, { timeout: 60_000 }).not.toMatch(concern);
  expect(await look()).toContain("1 of 1 monitor well");
});
