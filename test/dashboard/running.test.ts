// What runs now: from the answer on, whatever the start watch is set to, which runner serves which
// job, whether it started, and since when.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SimulatedMonitor, startSimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import type { Dashboard } from "../../src/dashboard/dashboard-data.ts";
import { describeRunning } from "../../src/dashboard/running-runners.ts";
import { enqueueForTicket, takeUntilDone } from "../support/client.ts";
import { untilDashboard } from "../support/dashboard-news.ts";
import { apiToken, monitorToken, type RunningService, startService } from "../support/service.ts";

const uniqueId = "Runs-And-Is-Seen";
const bearer = { authorization: `Bearer ${apiToken}` };

describe("a job that was served", { timeout: 120_000 }, () => {
  let monitor: SimulatedMonitor;
  let service: RunningService;
  beforeAll(async () => {
    const habits = { startsAfterMs: 700, busyForMs: 6_000, reservedForMs: 60_000 };
    monitor = await startSimulatedMonitor({ name: "ci0", token: monitorToken, profiles: { linux: 1 }, habits });
    service = await startService({ monitors: [monitor], env: { START_WATCH: "off" } });
  });
  afterAll(async () => {
    await service?.[Symbol.asyncDispose]();
    await monitor?.close();
  });
  const lookAsStranger = async () => (await (await fetch(`${service.url}/dashboard.json`)).json()) as Dashboard;
  const presenceIs = async (presence: string) =>
    await untilDashboard(service.url, ({ profiles }) => profiles[0]?.jobs[0]?.presence === presence);
  const lookUntil = async (holds: (running: Dashboard["running"]) => boolean) =>
    (await untilDashboard(service.url, ({ running }) => holds(running), apiToken)).running;

  it("is starting on its runner at once, then started, then gone", async () => {
    const asked = { profile: "linux", repo: "servo/servo", runId: "4711", uniqueId };
    const ticket = await enqueueForTicket(service.url, asked);
    await takeUntilDone(service.url, uniqueId, ticket, { withinMs: 30_000 });
    const [starting] = await lookUntil((running) => running.length > 0);
    const job = { unique_id: uniqueId, profile_key: "linux", qualified_repo: "servo/servo", run_id: "4711" };
    expect(starting).toMatchObject({ ...job, monitor: "ci0", state: "starting" });
    const [started] = await lookUntil((running) => running[0]?.state === "started");
    expect(started).toMatchObject({ ...job, runner: starting?.runner });
    expect(started?.runner_name).toMatch(/^ci-runner-linux\.\d+@ci0$/);
    expect(Date.parse(started?.since ?? "")).toBeGreaterThanOrEqual(Date.parse(starting?.since ?? ""));
    const text = await (await fetch(`${service.url}/dashboard.txt`, { headers: bearer })).text();
    expect(text).toMatch(/RUNNING\n.*\n.*started .*Runs-And-Is-Seen/);
    expect((await lookAsStranger()).running[0]?.unique_id).toBe("Runs-And");
    await lookUntil((running) => running.length === 0);
  });

  it("and one that waits is connected while its request is held, and no longer", async () => {
    const url = service.url;
    await fetch(`${url}/profiles/linux/pause?by=test&note=nobody-is-served`, { method: "POST", headers: bearer });
    const second = await enqueueForTicket(url, { profile: "linux", uniqueId: "second" });
    await presenceIs("polls");
    const hangUp = new AbortController();
    const held = fetch(`${url}/take/second?token=${second}&wait=25`, { method: "POST", signal: hangUp.signal });
    await presenceIs("connected");
    hangUp.abort();
    await expect(held).rejects.toThrow();
    await presenceIs("polls");
  });
});

describe("what a monitor shows, what was given out and what the start watch says", () => {
  const now = Date.parse("2026-11-21T12:00:00.000Z");
  const given = { entries: [], answeredAt: new Map([["ci0", now - 1_000]]) };
  const sighting = { monitor: "ci0", id: "1", uniqueId: "a", isBusy: false, since: now - 5_000, job: null };
  const startOf = (state: "starting" | "started" | "lost" | "over") =>
    ({
      uniqueId: "A",
      profileKey: "linux",
      qualifiedRepo: "o/r",
      runId: "1",
      runnerCount: 1,
      spentRunners: ["ci0/7", "ci0/1"],
      runnerNames: ["linux.1@ci0"],
      start: { state, since: now - 2_000, reservedAt: now - 9_000, runners: ["ci0/1"] },
    }) as never;

  it.each([
    { says: "reserved, of no job of ours", one: sighting, is: [["starting", 5, null, "a"]] },
    { says: "busy, of no job of ours", one: { ...sighting, isBusy: true }, is: [["started", 5, null, "a"]] },
    { says: "starting", one: { ...sighting, job: startOf("starting") }, is: [["starting", 9, "linux.1@ci0", "A"]] },
    { says: "started", one: { ...sighting, job: startOf("started") }, is: [["started", 2, "linux.1@ci0", "A"]] },
    { says: "lost", one: { ...sighting, job: startOf("lost") }, is: [["lost", 2, "linux.1@ci0", "A"]] },
    { says: "over", one: { ...sighting, isBusy: true, job: startOf("over") }, is: [] },
  ])("$says: as it is", ({ one, is }) => {
    const shown = describeRunning([one], given, now, "https://github.com");
    expect(
      shown.map((row) => [row.state, (now - Date.parse(row.since)) / 1000, row.runner_name, row.unique_id]),
    ).toEqual(is);
  });

  it("a runner that was given out counts until its monitor has shown itself since", () => {
    const entry = { at: now - 500, what: "taken" as const, id: "b", runners: ["ci0/2"], repo: "o/r", run: "1" };
    const entries = [["linux", entry] as const];
    expect(describeRunning([], { ...given, entries }, now, "")).toMatchObject([{ runner: "ci0/2", state: "starting" }]);
    const drawn = new Map([["ci0", now - 499]]);
    expect(describeRunning([], { entries, answeredAt: drawn }, now, "")).toEqual([]);
    expect(describeRunning([], { ...given, entries: [["linux", { ...entry, at: now - 60_000 }]] }, now, "")).toEqual(
      [],
    );
  });
});
