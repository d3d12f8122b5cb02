// No clocks need agree: the agent of a host whose clock is an hour off has exactly the runners reserved
// that its jobs asked for.
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createAgentHome } from "../support/agent-process.ts";
import { enqueueForTicket, runnerIdsIn, takeUntilDone } from "../support/client.ts";
import { startLossyProxy } from "../support/lossy-proxy.ts";
import { startMonitor } from "../support/monitors.ts";
import { type RunningService, startService } from "../support/service.ts";

const hourMs = 3_600_000;
const preload = fileURLToPath(new URL("../support/shifted-clock.ts", import.meta.url));
let service: RunningService;

beforeAll(async () => {
  service = await startService({ monitors: "ahead=pull,behind=pull,leaping=pull" });
});
afterAll(async () => {
  await service?.[Symbol.asyncDispose]();
});

/** An agent whose date is so far from the queue's, in front of a monitor with a profile of its own. */
async function hostWithClock(name: string, shiftMs: number, runners: number) {
  const monitor = await startMonitor({ name, profiles: { [name]: runners } });
  const reserved: string[] = [];
  monitor.onReserved((_, uniqueId) => reserved.push(uniqueId));
  const home = await createAgentHome();
  const env = { NODE_OPTIONS: `--import ${preload}`, SHIFT_MS: String(shiftMs) };
  const proxy = await startLossyProxy(service.url);
  const agent = home.start(proxy.url, name, ["--monitor", monitor.url], env);
  const saidAt = Date.parse((await agent.onLine(/the queue answers/)).split(" ")[0] ?? "");
  // so much for the preload
  expect(Math.abs(saidAt - Date.now() - shiftMs)).toBeLessThan(hourMs / 2);
  const expectServed = async (uniqueId: string, count: number) => {
    const ticket = await enqueueForTicket(service.url, { profile: name, uniqueId, repo: "o/r", runId: "1", count });
    const ids = runnerIdsIn(await takeUntilDone(service.url, uniqueId, ticket));
    expect(ids).toHaveLength(count);
    expect(ids.toSorted()).toEqual(monitor.reservedFor(uniqueId).map(({ id }) => id));
    expect(reserved.filter((one) => one === uniqueId)).toHaveLength(count);
  };
  return { agent, proxy, expectServed };
}

it.each([
  { name: "ahead", shiftMs: hourMs },
  { name: "behind", shiftMs: -hourMs },
])("a host whose clock is an hour $name serves a job and a gang", async ({ name, shiftMs }) => {
  const { expectServed } = await hostWithClock(name, shiftMs, 3);
  await expectServed(`${name}-one`, 1);
  await expectServed(`${name}-gang`, 2);
});

it("a clock that is set back and forth by two hours while an accept is answered costs its job no runner", async () => {
  const { agent, proxy, expectServed } = await hostWithClock("leaping", hourMs, 2);
  for (const times of [1, 2]) {
    const held = proxy.holdNext(/accept/, "reply");
    const served = expectServed(`set-${times}`, 1);
    const accepted = await held;
    agent.send("SIGUSR2");
    await expect.poll(() => agent.lines.filter((line) => line === "the clock was set").length).toBe(times);
    accepted.release();
    // after the leap forward the first one is forgotten: as far as the agent knows, it slept for two hours
    await served;
  }
});
