// Monitors of the simulated fleet that fetch their takes from the real service, instead of being
// called: jobs get their runners, whatever goes wrong at the host, and never more than they asked for.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { endWithUs } from "../../scripts/end-with-us.ts";
import { parseCommandLine } from "../../scripts/simulated-fleet/command-line.ts";
import { type SimulatedFleet, startSimulatedFleet } from "../../scripts/simulated-fleet/fleet.ts";
import type { Habits } from "../../scripts/simulated-fleet/monitor.ts";
import { enqueueForTicket, runnerIdsIn, takeUntilDone } from "../support/client.ts";
import { monitorToken, type RunningService, startService } from "../support/service.ts";

const env = { PULL_PRESENCE: "4s" };
let jobs = 0;

async function ask(service: RunningService, count?: number) {
  const uniqueId = `job-${++jobs}`;
  const job = { profile: "linux", uniqueId, repo: "o/r", runId: "1", ...(count !== undefined && { count }) };
  const ticket = await enqueueForTicket(service.url, job);
  return { uniqueId, ids: async () => runnerIdsIn(await takeUntilDone(service.url, uniqueId, ticket)) };
}

/** Nobody fetches before the test says so. */
async function fleetOfOne(runners: number, habits: Partial<Habits> = {}) {
  const options = { monitors: 1, pulling: ["ci0"], perMonitor: { linux: runners }, token: monitorToken, habits };
  const fleet: SimulatedFleet = await startSimulatedFleet(options);
  onTestFinished(() => fleet.close());
  const [monitor] = fleet.monitors;
  if (monitor === undefined) throw new Error("A fleet of one has a monitor.");
  const reserved: string[] = [];
  monitor.onReserved((_, uniqueId) => reserved.push(uniqueId));
  /** Resolves when the queue knows what the monitor has: before, it takes no job. */
  const fetchFrom = (url: string) =>
    new Promise<void>((resolve) => {
      const say = (_: string, words: string) => void (words === "the queue answers" && resolve());
      fleet.fetchFrom({ url, token: monitorToken, say });
    });
  return { fleet, monitor, reserved, fetchFrom };
}

test("npm run fleet: a monitor of --pull serves a job, and Ctrl-C ends it with 0", async () => {
  await using service = await startService({ monitors: "ci0=pull", env });
  const script = fileURLToPath(new URL("../../scripts/fleet.ts", import.meta.url));
  const options = ["--monitors", "1", "--port", "0", "--token", monitorToken, "--json"];
  const child = spawn(process.execPath, [script, ...options, "--pull", "ci0", "--queue", service.url], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  endWithUs(child);
  onTestFinished(() => void child.kill("SIGKILL"));
  const exited = once(child, "exit");
  const seen: Record<string, unknown>[] = [];
  const lines = createInterface({ input: child.stdout });
  const untilSeen = (wanted: object) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (!seen.some((event) => Object.entries(wanted).every(([name, value]) => event[name] === value))) return;
        lines.off("line", look);
        resolve();
      };
      lines.on("line", look);
      look();
    });
  lines.on("line", (line) => seen.push(JSON.parse(line) as Record<string, unknown>));
  await untilSeen({ event: "agent", monitor: "ci0", words: "the queue answers" });
  const job = await ask(service);
  const ids = await job.ids();
  await untilSeen({ event: "taken" });
  expect(seen[0]).toMatchObject({ event: "listening", MONITORS: "ci0=pull" });
  expect(seen.filter(({ event }) => event === "taken")).toMatchObject([{ runner: ids[0], reservedFor: job.uniqueId }]);
  child.kill("SIGINT");
  expect(await exited).toEqual([0, null]);
});

test("faults and habits are those of a called monitor: each job gets what it asked for, and no more", async () => {
  const { fleet, monitor, reserved, fetchFrom } = await fleetOfOne(10);
  await using service = await startService({ monitors: fleet.monitorsSetting, env });
  await fetchFrom(service.url);
  const cases = [
    { take: "none", count: 2 },
    { take: "tooFew", count: 2 },
    { take: "refuseNull", count: 1 },
    { take: "nullButLabelled", count: 1 },
    { take: "resetAfterLabel", count: 1 },
    { take: "none", takeDelayMs: 300, count: 1 },
  ] as const;
  for (const { count, ...fault } of cases) {
    monitor.faults = { dashboard: "none", takeDelayMs: 0, times: 1, ...fault };
    const job = await ask(service, count);
    const ids = await job.ids();
    expect(ids, fault.take).toHaveLength(count);
    expect(ids.toSorted(), fault.take).toEqual(monitor.reservedFor(job.uniqueId).map(({ id }) => id));
    expect(reserved.filter((uniqueId) => uniqueId === job.uniqueId)).toHaveLength(count);
  }
});

test("a runner that ends its life is born anew for the next job", async () => {
  const habits = { startsAfterMs: 5, busyForMs: 5, rebornAfterMs: 5 };
  const { fleet, fetchFrom } = await fleetOfOne(1, habits);
  await using service = await startService({ monitors: fleet.monitorsSetting, env });
  await fetchFrom(service.url);
  const first = await (await ask(service)).ids();
  const second = await (await ask(service)).ids();
  expect([first.length, second.length]).toEqual([1, 1]);
  expect(second).not.toEqual(first);
});

test("a fleet that is closed while a take hangs waits for nothing", async () => {
  const { fleet, monitor, fetchFrom } = await fleetOfOne(1);
  await using service = await startService({ monitors: fleet.monitorsSetting, env });
  monitor.faults.take = "hangButLabelled";
  const reserving = new Promise<void>((resolve) => monitor.onReserved(() => resolve()));
  await fetchFrom(service.url);
  const job = await ask(service);
  // it is over when the service is
  void job.ids().catch(() => {});
  await reserving;
  const begunAt = performance.now();
  await fleet.close();
  // an agent sees through for 30 s what it began, unless it is told otherwise
  expect(performance.now() - begunAt).toBeLessThan(20_000);
});

test.each([
  [["--pull", "ci1"], "--pull and --queue go together."],
  [["--queue", "http://127.0.0.1:8002"], "--pull and --queue go together."],
  [["--pull", "ci3", "--queue", "http://127.0.0.1:8002"], "--pull ci3: there is no ci3 among 3 monitors."],
  [["--pull", "ci1", "--queue", "nowhere"], "--queue must be an http or https URL without user, password and query."],
])("npm run fleet, called wrongly: %j", (args, why) => {
  expect(parseCommandLine(args)).toEqual({ kind: "wrong", why });
});
