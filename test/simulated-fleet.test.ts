// What the other tests rely on when they use the simulated fleet: that it reserves, fails and comes back as told.
import { afterEach, expect, test } from "vitest";
import { startSimulatedFleet } from "../scripts/simulated-fleet/fleet.ts";
import {
  type MonitorOptions,
  type SimulatedMonitor,
  startSimulatedMonitor,
} from "../scripts/simulated-fleet/monitor.ts";

const token = "test-token";
const opened: { close(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((thing) => thing.close()));
});

async function monitorWith(options: Partial<MonitorOptions> = {}): Promise<SimulatedMonitor> {
  const monitor = await startSimulatedMonitor({ name: "ci0", token, profiles: { linux: 2 }, ...options });
  opened.push(monitor);
  return monitor;
}

interface TakeRequest {
  uniqueId?: string;
  path?: string;
  bearer?: string;
  signal?: AbortSignal;
}

function take(
  monitor: SimulatedMonitor,
  { uniqueId = "job-1", path = "take", bearer = token, signal }: TakeRequest = {},
) {
  const query = new URLSearchParams({ unique_id: uniqueId, qualified_repo: "servo/servo", run_id: "77" });
  return fetch(`${monitor.url}/profile/linux/${path}?${query}`, {
    method: "POST",
    headers: { authorization: `Bearer ${bearer}`, "idempotency-key": "job-1/1", "take-not-after": "1234" },
    signal: signal ?? null,
  });
}

interface DashboardJson {
  profile_runner_counts: Record<string, Record<string, number>>;
  runners: { id: number; runner: { registration: { labels: { name: string }[] } } }[];
}

async function labelledInDashboard(monitor: SimulatedMonitor, uniqueId: string): Promise<number[]> {
  const response = await fetch(`${monitor.url}/dashboard.json`);
  const dashboard = (await response.json()) as DashboardJson;
  return dashboard.runners
    .filter(({ runner }) => runner.registration.labels.some(({ name }) => name === `reserved-for:${uniqueId}`))
    .map(({ id }) => id);
}

/** Resolves at the next change of a runner to `wanted`. */
function nextChange(monitor: SimulatedMonitor, wanted: string): Promise<number> {
  return new Promise((resolve) => {
    const unsubscribe = monitor.onRunnerChange((change, runner) => {
      if (change !== wanted) return;
      unsubscribe();
      resolve(runner.id);
    });
  });
}

test("a take reserves one runner, answers it, and the dashboard lists its label and counts", async () => {
  const monitor = await monitorWith();
  const response = await take(monitor);
  const answer = (await response.json()) as { id: number };
  expect(await labelledInDashboard(monitor, "job-1")).toEqual([answer.id]);
  const dashboard = (await (await fetch(`${monitor.url}/dashboard.json`)).json()) as DashboardJson;
  expect(dashboard.profile_runner_counts.linux).toMatchObject({
    target: 2,
    healthy: 2,
    idle: 1,
    reserved: 1,
    busy: 0,
  });
  expect(monitor.takes).toMatchObject([
    { profile: "linux", count: 1, uniqueId: "job-1", qualifiedRepo: "servo/servo", runId: "77", authorization: true },
  ]);
  expect(monitor.takes).toMatchObject([{ idempotencyKey: "job-1/1", takeNotAfter: 1234 }]);
});

test("several runners are answered as a list, one as a list only by habit", async () => {
  const monitor = await monitorWith({ profiles: { linux: 3 }, habits: { answerAsList: true } });
  expect(await (await take(monitor, { path: "take/2" })).json()).toHaveLength(2);
  expect(await (await take(monitor)).json()).toHaveLength(1);
});

test("a take of more runners than are idle is answered null and labels none", async () => {
  const monitor = await monitorWith();
  expect(await (await take(monitor, { path: "take/3" })).json()).toBeNull();
  expect(monitor.reservedFor("job-1")).toEqual([]);
});

test("a take without the right token is answered 401 and labels none", async () => {
  const monitor = await monitorWith();
  expect((await take(monitor, { bearer: "wrong" })).status).toBe(401);
  expect(monitor.reservedFor("job-1")).toEqual([]);
});

test("nullButLabelled answers null though a runner is labelled, as many times as told", async () => {
  const monitor = await monitorWith({ faults: { take: "nullButLabelled", times: 1 } });
  expect(await (await take(monitor)).json()).toBeNull();
  expect(await labelledInDashboard(monitor, "job-1")).toHaveLength(1);
  expect(await (await take(monitor, { uniqueId: "job-2" })).json()).not.toBeNull();
});

test("a connection reset after the label leaves the runner reserved", async () => {
  const monitor = await monitorWith({ faults: { take: "resetAfterLabel" } });
  await expect(take(monitor)).rejects.toThrow();
  expect(monitor.reservedFor("job-1")).toHaveLength(1);
});

test("the override route answers only after an earlier take is done", async () => {
  const monitor = await monitorWith({ habits: { takeMs: 50 } });
  const order: string[] = [];
  const received = new Promise<void>((resolve) => monitor.onTake(() => resolve()));
  const taken = take(monitor).then(() => order.push("take"));
  await received;
  const overridden = fetch(`${monitor.url}/policy/override`).then(async (response) => {
    expect(await response.json()).toBeNull();
    order.push("override");
    expect(await labelledInDashboard(monitor, "job-1")).toHaveLength(1);
  });
  await Promise.all([taken, overridden]);
  expect(order).toEqual(["take", "override"]);
});

test("a caller that hangs up does not stop its take", async () => {
  const monitor = await monitorWith({ habits: { takeMs: 20 } });
  const first = take(monitor, { uniqueId: "in-front" });
  const hangUp = new AbortController();
  monitor.onTake((seen) => {
    if (seen.uniqueId === "lost") hangUp.abort();
  });
  const reserved = new Promise<void>((resolve) => {
    monitor.onReserved((_, uniqueId) => {
      if (uniqueId === "lost") resolve();
    });
  });
  await expect(take(monitor, { uniqueId: "lost", signal: hangUp.signal })).rejects.toThrow();
  await Promise.all([first, reserved]);
  expect(monitor.reservedFor("lost")).toHaveLength(1);
});

test("a take that waits too long to be picked up is answered 503 and labels none", async () => {
  const monitor = await monitorWith({ habits: { takeMs: 100, lostCallerMs: 10 } });
  const first = take(monitor, { uniqueId: "in-front" });
  await new Promise<void>((resolve) => monitor.onReserved(() => resolve()));
  expect((await take(monitor, { uniqueId: "late" })).status).toBe(503);
  await first;
  expect(monitor.reservedFor("late")).toEqual([]);
});

test("the dashboard is 503 with an empty body while it is drawn anew after a take", async () => {
  const monitor = await monitorWith({ habits: { redrawMs: 60_000 } });
  await take(monitor);
  const response = await fetch(`${monitor.url}/dashboard.json`);
  expect([response.status, await response.text()]).toEqual([503, ""]);
});

test("a runner goes from reserved to busy to gone, and is reborn idle with a new id", async () => {
  const monitor = await monitorWith({
    profiles: { linux: 1 },
    habits: { startsAfterMs: 5, busyForMs: 5, rebornAfterMs: 5 },
  });
  const [busy, gone, reborn] = [nextChange(monitor, "busy"), nextChange(monitor, "gone"), nextChange(monitor, "idle")];
  const { id } = (await (await take(monitor)).json()) as { id: number };
  expect([await busy, await gone]).toEqual([id, id]);
  expect(await reborn).not.toBe(id);
  expect(monitor.runners()).toEqual([{ id: await reborn, profile: "linux", state: "idle", reservedFor: null }]);
});

test("a reserved runner that no job picks up is destroyed and reborn", async () => {
  const monitor = await monitorWith({ profiles: { linux: 1 }, habits: { reservedForMs: 5, rebornAfterMs: 5 } });
  const reborn = nextChange(monitor, "idle");
  await take(monitor);
  await reborn;
  expect(monitor.reservedFor("job-1")).toEqual([]);
});

test("a monitor that went away comes back on its port with its runners as they were", async () => {
  const monitor = await monitorWith();
  await take(monitor);
  await monitor.stopListening();
  await expect(fetch(`${monitor.url}/dashboard.json`)).rejects.toThrow();
  await monitor.listenAgain();
  expect(await labelledInDashboard(monitor, "job-1")).toHaveLength(1);
});

test("closing cuts hanging requests and leaves no timer or socket", async () => {
  const before = process.getActiveResourcesInfo().filter((kind) => kind === "Timeout" || kind.startsWith("TCPServer"));
  const fleet = await startSimulatedFleet({ monitors: 2, perMonitor: { linux: 1 }, token });
  const [first, second] = fleet.monitors;
  if (first === undefined || second === undefined) throw new Error("A fleet of two has two monitors.");
  expect(fleet.monitorsSetting).toBe(`ci0=${first.url},ci1=${second.url}`);
  first.faults.take = "hangButLabelled";
  second.faults.takeDelayMs = 60_000;
  const reserved = fleet.monitors.map((monitor) => new Promise<void>((resolve) => monitor.onReserved(() => resolve())));
  const cut = Promise.allSettled(fleet.monitors.map((monitor) => take(monitor)));
  await Promise.all(reserved);
  await fleet.close();
  expect((await cut).map((outcome) => outcome.status)).toEqual(["rejected", "rejected"]);
  const after = process.getActiveResourcesInfo().filter((kind) => kind === "Timeout" || kind.startsWith("TCPServer"));
  expect(after.length).toBeLessThanOrEqual(before.length);
});
