// Every way a monitor can fail a take: the job ends with exactly one runner all the same, found by
// evidence where it was labelled, taken elsewhere where it was not.
import { describe, expect, it } from "vitest";
import { takeFaults } from "../../scripts/simulated-fleet/habits-and-faults.ts";
import { startSimulatedMonitor } from "../../scripts/simulated-fleet/monitor.ts";
import { enqueueForTicket, runnerIdsIn, take, takeUntilDone } from "../support/client.ts";
import { monitorToken, startService } from "../support/service.ts";

const env = { MONITOR_SETTLE: "300ms", MONITOR_TAKE_TIMEOUT: "1s", UNKNOWN_HOLD: "8s" };
const profile = "linux";
const habits = { startsAfterMs: null };
const monitorOf = (name: string, idle: number) =>
  startSimulatedMonitor({ name, token: monitorToken, profiles: { [profile]: idle }, habits });

describe.concurrent("a take that a monitor fails", () => {
  for (const fault of takeFaults.filter((one) => one !== "none")) {
    it(`by ${fault} ends with exactly one runner for its job`, async () => {
      // The faulty one has more idle runners, so it is asked first.
      const [faulty, fine] = [await monitorOf("faulty", 3), await monitorOf("fine", 1)];
      Object.assign(faulty.faults, { take: fault, times: 1 });
      await using service = await startService({ monitors: [faulty, fine], env });
      const ticket = await enqueueForTicket(service.url, { profile, uniqueId: "job" });
      const reply = await takeUntilDone(service.url, "job", ticket);
      expect(reply.status).toBe(200);
      expect(faulty.takes.length).toBeGreaterThan(0);
      const reserved = [...faulty.reservedFor("job"), ...fine.reservedFor("job")].map((runner) => runner.id);
      const [answered, ...others] = runnerIdsIn(reply);
      expect(others).toEqual([]);
      expect(reserved).toContain(answered);
      if (fault === "tooMany") {
        expect(reserved).toHaveLength(2);
        await service.onLog(({ runners }) => Array.isArray(runners) && runners.length === 1);
      } else {
        expect(reserved).toHaveLength(1);
      }
      await Promise.all([faulty.close(), fine.close()]);
    });
  }

  it("by losing the answer finds that one runner also where the monitor keeps reservations by itself, without a label", async () => {
    const monitor = await startSimulatedMonitor({
      name: "next",
      token: monitorToken,
      profiles: { [profile]: 3 },
      habits: { ...habits, reservationForm: "record" },
      faults: { take: "resetAfterLabel", times: 1 },
    });
    await using service = await startService({ monitors: [monitor], env });
    const ticket = await enqueueForTicket(service.url, { profile, uniqueId: "Job" });
    const reply = await takeUntilDone(service.url, "Job", ticket);
    expect(reply.status).toBe(200);
    expect(monitor.reservedFor("Job").map(({ id }) => id)).toEqual(runnerIdsIn(reply));
    await monitor.close();
  });

  it("by going down over it, after a 500, finds that one runner when the monitor is back", async () => {
    const slow = { ...habits, takeMs: 600, answerWithinMs: 300, restartMs: 500 };
    const monitor = await startSimulatedMonitor({
      name: "slow",
      token: monitorToken,
      profiles: { [profile]: 3 },
      habits: slow,
    });
    await using service = await startService({ monitors: [monitor], env });
    const ticket = await enqueueForTicket(service.url, { profile, uniqueId: "job" });
    const reply = await takeUntilDone(service.url, "job", ticket);
    expect(reply.status).toBe(200);
    expect(monitor.reservedFor("job").map(({ id }) => id)).toEqual(runnerIdsIn(reply));
    expect([monitor.restarts, monitor.takes.length]).toEqual([1, 1]);
    await monitor.close();
  });

  it("by being still busy with others finds no false evidence: nobody else is asked before it has worked through its line", async () => {
    const [busy, fine] = [await monitorOf("busy", 3), await monitorOf("fine", 1)];
    busy.habits.takeMs = 3000;
    // Takes time out after 1.1 s, and evidence counts at once: only the barrier tells that the
    // monitor has not come to ours yet.
    const impatient = { ...env, MONITOR_TAKE_TIMEOUT: "100ms", MONITOR_SETTLE: "0s" };
    await using service = await startService({ monitors: [busy, fine], env: impatient });
    const byHand = `${busy.url}/profile/${profile}/take?unique_id=other&qualified_repo=o%2Fr&run_id=1`;
    const other = fetch(byHand, { method: "POST", headers: { authorization: `Bearer ${monitorToken}` } });
    const ticket = await enqueueForTicket(service.url, { profile, uniqueId: "job" });
    const reply = await takeUntilDone(service.url, "job", ticket);
    expect(reply.status).toBe(200);
    expect((await other).status).toBe(200);
    const reserved = [...busy.reservedFor("job"), ...fine.reservedFor("job")];
    expect(reserved).toHaveLength(1);
    await Promise.all([busy.close(), fine.close()]);
  });

  it("goes on when its client hangs up: the next poll has the answer, and the monitor was asked once", async () => {
    const monitor = await monitorOf("ci0", 2);
    monitor.faults.takeDelayMs = 500;
    await using service = await startService({ monitors: [monitor], env: { ...env, MONITOR_TAKE_TIMEOUT: "5s" } });
    const ticket = await enqueueForTicket(service.url, { profile, uniqueId: "job" });
    const asked = new Promise<void>((resolve) => monitor.onTake(() => resolve()));
    const hangUp = new AbortController();
    const first = take(service.url, "job", ticket, hangUp.signal);
    first.catch(() => {});
    await asked;
    hangUp.abort();
    const reply = await takeUntilDone(service.url, "job", ticket);
    expect(reply.status).toBe(200);
    expect(monitor.takes).toHaveLength(1);
    await monitor.close();
  });

  it("on every monitor, again and again, ends as failed: the answer is null, and the next job is not held up", async () => {
    const monitor = await monitorOf("ci0", 1);
    monitor.faults.take = "refuseNull";
    await using service = await startService({ monitors: [monitor], env: { ...env, MAX_ATTEMPTS: "2" } });
    const bad = await enqueueForTicket(service.url, { profile, uniqueId: "bad" });
    const reply = await takeUntilDone(service.url, "bad", bad);
    expect([reply.status, reply.text]).toEqual([200, "null"]);
    monitor.faults.take = "none";
    const next = await enqueueForTicket(service.url, { profile, uniqueId: "next" });
    expect((await takeUntilDone(service.url, "next", next)).text).not.toBe("null");
    await monitor.close();
  });

  it("by hanging for everybody costs the others nothing: jobs go to the other monitor meanwhile", async () => {
    const [ill, fine] = [await monitorOf("ill", 3), await monitorOf("fine", 3)];
    ill.faults.take = "hang";
    ill.faults.dashboard = "hang";
    await using service = await startService({ monitors: [ill, fine], env });
    for (const uniqueId of ["a", "b", "c"]) {
      const ticket = await enqueueForTicket(service.url, { profile, uniqueId });
      expect((await takeUntilDone(service.url, uniqueId, ticket)).status).toBe(200);
    }
    expect([fine.takes.length, ill.takes.length]).toEqual([3, 0]);
    await Promise.all([ill.close(), fine.close()]);
  });
});
