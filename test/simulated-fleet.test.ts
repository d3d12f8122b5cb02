// What the other tests rely on when they use the simulated fleet: that it speaks as a real monitor
// does, and that it reserves, fails and comes back as told.
import { afterEach, expect, test, vi } from "vitest";
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
  profile?: string;
  path?: string;
  /** Null: none is sent. */
  bearer?: string | null;
  signal?: AbortSignal;
}

function take(
  monitor: SimulatedMonitor,
  { uniqueId = "job-1", profile = "linux", path = "take", bearer = token, signal }: TakeRequest = {},
) {
  const query = new URLSearchParams({ unique_id: uniqueId, qualified_repo: "servo/servo", run_id: "77" });
  const authorization: Record<string, string> = bearer === null ? {} : { authorization: `Bearer ${bearer}` };
  return fetch(`${monitor.url}/profile/${profile}/${path}?${query}`, {
    method: "POST",
    headers: { ...authorization, "idempotency-key": "job-1/1", "take-not-after": "1234" },
    signal: signal ?? null,
  });
}

interface RunnerJson {
  id: number;
  runner: { registration: { labels: { name: string }[] }; details: Record<string, unknown>; reservation?: unknown };
}

interface DashboardJson {
  profile_runner_counts: Record<string, Record<string, unknown>>;
  runners: RunnerJson[];
}

/**
 * Waits until none is being drawn: the one thread picks nothing up before, the override route
 * included.
 */
async function readDashboard(monitor: SimulatedMonitor): Promise<DashboardJson> {
  await fetch(`${monitor.url}/policy/override`);
  return (await (await fetch(`${monitor.url}/dashboard.json`)).json()) as DashboardJson;
}

async function answeredIds(response: Promise<Response>): Promise<number[]> {
  return ((await (await response).json()) as RunnerJson[]).map(({ id }) => id);
}

const labelsOf = ({ runner }: RunnerJson): string[] => runner.registration.labels.map(({ name }) => name);

async function labelledInDashboard(monitor: SimulatedMonitor, uniqueId: string): Promise<number[]> {
  const dashboard = await readDashboard(monitor);
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

test("a take reserves one runner, answers it as a list, and the dashboard lists its label and counts", async () => {
  const monitor = await monitorWith();
  const ids = await answeredIds(take(monitor));
  expect(ids).toHaveLength(1);
  expect(await labelledInDashboard(monitor, "job-1")).toEqual(ids);
  expect((await readDashboard(monitor)).profile_runner_counts).toEqual({
    linux: {
      target: 2,
      healthy: 2,
      started_or_crashed: 0,
      idle: 1,
      reserved: 1,
      busy: 0,
      excess_healthy: 0,
      wanted: 0,
      image_age: { secs: expect.any(Number), nanos: expect.any(Number) },
    },
  });
  expect(monitor.takes).toMatchObject([
    { profile: "linux", count: 1, uniqueId: "job-1", qualifiedRepo: "servo/servo", runId: "77", authorization: true },
  ]);
  expect(monitor.takes).toMatchObject([{ idempotencyKey: "job-1/1", takeNotAfter: 1234 }]);
});

test("a runner has the fields, labels and names that a real monitor gives it, and no others", async () => {
  const monitor = await monitorWith({ profiles: { linux: 1 } });
  const time = { secs_since_epoch: expect.any(Number), nanos_since_epoch: expect.any(Number) };
  const labels = [{ name: "self-hosted" }, { name: "X64" }, { name: "self-hosted-image:linux" }];
  const runner = {
    id: 1,
    created_time: time,
    registration: { id: 50_001, busy: false, name: "ci-runner-linux.1@ci0", status: "online", labels },
    guest_name: "ci-runner-linux.1",
    ipv4_address: "192.168.100.3",
    details: { image_type: "Rust" },
  };
  // As it was before it was labelled.
  expect(await (await take(monitor)).json()).toEqual([{ id: 1, runner }]);
  const reserved = [
    ...labels,
    { name: "reserved-for:job-1" },
    { name: expect.stringMatching(/^reserved-since:\d{10}$/) },
    { name: "reserved-by:servo/servo/actions/runs/77" },
  ];
  const shown = { ...runner, registration: { ...runner.registration, labels: reserved } };
  const dashboard = await readDashboard(monitor);
  expect(dashboard).toEqual({
    profile_runner_counts: expect.anything(),
    runners: [{ id: 1, screenshot_url: expect.stringContaining("/runner/1/screenshot"), runner: shown }],
  });
});

test("the next version reserves by a record of its own, and labels a runner once and for all", async () => {
  const monitor = await monitorWith({ profiles: { linux: 1 }, habits: { reservationForm: "record" } });
  const [answered] = (await (await take(monitor)).json()) as RunnerJson[];
  expect(answered?.runner.reservation).toBeNull();
  const [shown] = (await readDashboard(monitor)).runners;
  if (answered === undefined || shown === undefined) throw new Error("There is one runner.");
  expect(shown.runner.reservation).toEqual({
    reserved_since: expect.any(Number),
    unique_id: "job-1",
    run_url: "servo/servo/actions/runs/77",
  });
  const { runner_uuid: uuid } = shown.runner.details;
  expect(labelsOf(shown)).toEqual([
    "self-hosted",
    "self-hosted-profile:linux",
    "self-hosted-runner:ci-runner-linux.1@ci0",
    `self-hosted-uuid:${uuid}`,
  ]);
  expect(labelsOf(answered)).toEqual(labelsOf(shown));
});

test("one runner is answered as an object only by the habit of older monitors; several never are", async () => {
  const monitor = await monitorWith({ profiles: { linux: 4 }, habits: { answerAsList: false } });
  expect(await (await take(monitor)).json()).toMatchObject({ id: 1 });
  expect(await (await take(monitor, { path: "take/1" })).json()).toMatchObject([{ id: 2 }]);
  expect(await (await take(monitor, { path: "take/2" })).json()).toHaveLength(2);
});

test("a take of more runners than are idle reserves and answers those that are", async () => {
  const monitor = await monitorWith();
  const ids = await answeredIds(take(monitor, { path: "take/3" }));
  expect(ids).toHaveLength(2);
  expect(monitor.reservedFor("job-1").map(({ id }) => id)).toEqual(ids);
});

test.each([
  { what: "none at all", path: "take/0" },
  { what: "a profile that is unknown", profile: "windows" },
])("a take of $what is answered null, labels none and leaves the dashboard as it is", async ({ what, ...request }) => {
  const monitor = await monitorWith({ habits: { redrawMs: 60_000 } });
  const response = await take(monitor, request);
  expect([response.status, await response.json()], what).toEqual([200, null]);
  expect(monitor.runners().filter(({ state }) => state !== "idle")).toEqual([]);
  expect((await fetch(`${monitor.url}/dashboard.json`)).status).toBe(200);
});

test.each([
  { bearer: null, path: "take/x", status: 401 },
  { bearer: "wrong", path: "take/x", status: 403 },
  { bearer: token, path: "take/x", status: 422 },
  { bearer: token, path: "steal", status: 404 },
])("a POST to $path with the bearer $bearer is answered $status with a page", async ({ status, ...request }) => {
  const monitor = await monitorWith();
  const response = await take(monitor, request);
  expect([response.status, response.headers.get("content-type")]).toEqual([status, "text/html; charset=utf-8"]);
  expect(monitor.reservedFor("job-1")).toEqual([]);
});

test("what can be got can be asked for its head alone", async () => {
  const monitor = await monitorWith();
  const head = await fetch(`${monitor.url}/dashboard.json`, { method: "HEAD" });
  expect([head.status, head.headers.get("content-type"), await head.text()]).toEqual([200, "application/json", ""]);
  expect((await fetch(`${monitor.url}/policy/override`, { method: "HEAD" })).status).toBe(200);
  expect((await fetch(`${monitor.url}/nowhere`, { method: "HEAD" })).status).toBe(404);
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

test("a take that waits too long to be picked up is answered 500 in a terminal's colours, and labels none", async () => {
  const monitor = await monitorWith({ habits: { takeMs: 100, lostCallerMs: 10 } });
  const first = take(monitor, { uniqueId: "in-front" });
  await new Promise<void>((resolve) => monitor.onReserved(() => resolve()));
  const late = await take(monitor, { uniqueId: "late" });
  expect([late.status, late.headers.get("content-type")]).toEqual([500, "text/plain; charset=utf-8"]);
  expect(await late.text()).toContain("\u001b[");
  await first;
  expect(monitor.reservedFor("late")).toEqual([]);
});

test("a take that is worked on too long is answered 500; then the monitor goes down, and comes back with its runners", async () => {
  const monitor = await monitorWith({ habits: { takeMs: 100, answerWithinMs: 10, restartMs: 10 } });
  const slow = take(monitor);
  const waiting = take(monitor, { uniqueId: "waiting" });
  expect((await slow).status).toBe(500);
  await expect(waiting).rejects.toThrow();
  monitor.habits.takeMs = 5;
  await vi.waitFor(() => fetch(`${monitor.url}/dashboard.json`), { timeout: 60_000 });
  expect(monitor.restarts).toBe(1);
  expect(await labelledInDashboard(monitor, "job-1")).toHaveLength(1);
  expect(monitor.reservedFor("waiting")).toEqual([]);
  expect(await answeredIds(take(monitor, { uniqueId: "later" }))).toHaveLength(1);
});

test("several runners may take a second more each", async () => {
  const monitor = await monitorWith({ habits: { takeMs: 100, answerWithinMs: 10 } });
  expect(await answeredIds(take(monitor, { path: "take/2" }))).toHaveLength(2);
  expect(monitor.restarts).toBe(0);
});

test("the dashboard is 503 with a report in colours while it is drawn anew after a take", async () => {
  const monitor = await monitorWith({ habits: { redrawMs: 60_000 } });
  await take(monitor);
  const response = await fetch(`${monitor.url}/dashboard.json`);
  expect([response.status, response.headers.get("content-type")]).toEqual([503, "text/plain; charset=utf-8"]);
  expect(await response.text()).toContain("\u001b[");
});

test("a monitor that draws at its own pace shows what was, until it has labelled a runner", async () => {
  const monitor = await monitorWith({ habits: { drawEveryMs: 60_000 } });
  const idle = async () => (await readDashboard(monitor)).profile_runner_counts.linux?.idle;
  expect(await idle()).toBe(2);
  monitor.freeOne("linux");
  expect(await idle()).toBe(2);
  await take(monitor);
  expect(await idle()).toBe(2);
  expect(await labelledInDashboard(monitor, "job-1")).toHaveLength(1);
});

test("while an image is rebuilt its profile targets 0 and has no idle runner; then new ones start", async () => {
  const monitor = await monitorWith({ habits: { rebornAfterMs: 5 } });
  const counts = async () => (await readDashboard(monitor)).profile_runner_counts.linux;
  await take(monitor);
  monitor.beginImageRebuild("linux");
  expect(await counts()).toMatchObject({ target: 0, healthy: 1, idle: 0, reserved: 1, excess_healthy: 1 });
  const old = (await counts())?.image_age as { secs: number };
  expect(old.secs).toBeGreaterThanOrEqual(86_400);
  const reborn = nextChange(monitor, "idle");
  monitor.endImageRebuild("linux");
  await reborn;
  expect(await counts()).toMatchObject({ target: 2, healthy: 2, idle: 1, image_age: { secs: 0 } });
});

test("a runner goes from reserved to busy to gone, and is reborn idle with a new id", async () => {
  const monitor = await monitorWith({
    profiles: { linux: 1 },
    habits: { startsAfterMs: 5, busyForMs: 5, rebornAfterMs: 5 },
  });
  const [busy, gone, reborn] = [nextChange(monitor, "busy"), nextChange(monitor, "gone"), nextChange(monitor, "idle")];
  const [id] = await answeredIds(take(monitor));
  expect([await busy, await gone]).toEqual([id, id]);
  expect(await reborn).not.toBe(id);
  expect(monitor.runners()).toEqual([{ id: await reborn, profile: "linux", state: "idle", reservedFor: null }]);
});

test("a runner that starts is counted and listed as such until it is up", async () => {
  const monitor = await monitorWith({
    profiles: { linux: 1 },
    habits: { startsAfterMs: 5, busyForMs: 5, rebornAfterMs: 60_000 },
  });
  const gone = nextChange(monitor, "gone");
  await take(monitor);
  await gone;
  const dashboard = await readDashboard(monitor);
  expect(dashboard.profile_runner_counts.linux).toMatchObject({
    healthy: 1,
    started_or_crashed: 1,
    idle: 0,
    wanted: 0,
  });
  expect(dashboard.runners).toMatchObject([{ id: 2, runner: { registration: { status: "offline", busy: false } } }]);
  expect(monitor.runners()).toEqual([]);
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
