// Why a job waited is remembered in a few bytes, and no poll writes more for it.
import { expect, it } from "vitest";
import { explain, type InspectedJob } from "../../src/dashboard/job/explanation.ts";
import type { Ticket } from "../../src/queue/job/job.ts";
import { describeOnStores, openQueue, type ServedQueue, takenAt } from "../support/hand-clock.ts";

async function whyOf(served: ServedQueue, uniqueId: string) {
  return explain((await served.inspect(uniqueId)) as InspectedJob);
}

describeOnStores("the story of a job", (open) => {
  it("tells each stretch of its wait, who was ahead and which monitor was drained, in under 200 bytes", async () => {
    const served = await openQueue(open);
    const serveShowing = async (idle: Readonly<Record<string, number>>, seconds: number, polls: readonly Ticket[]) => {
      for (let at = 0; at < seconds; at += 6) {
        await served.showFleet(idle);
        await served.serve(6_000, polls);
      }
    };
    await served.showFleet({ ci0: 0, ci1: 0 });
    const first = await served.enqueue("first", { runnerCount: 4 });
    const ticket = await served.enqueue("job");
    await serveShowing({ ci0: 0, ci1: 0 }, 120, [first, ticket]);
    await serveShowing({ ci0: 0, ci1: 2 }, 60, [first, ticket]);
    await served.queue.cancel("linux", "first", null);
    await served.queue.drain("ci1", { kind: "begin", by: "ann", note: "disk", until: null });
    await serveShowing({ ci0: 0, ci1: 2 }, 36, [ticket]);
    await served.queue.drain("ci1", { kind: "end", by: "ann", note: "", until: null });
    await served.showFleet({ ci0: 0, ci1: 2 });
    const job = await served.claim(ticket);
    served.clock.now += 2_000;
    await served.settle(ticket, job, [takenAt("ci1", "7")]);

    const why = await whyOf(served, "job");
    expect(why.waits.map(({ says, monitor, runners_ahead }) => [says, monitor, runners_ahead])).toEqual([
      ["no runner free behind 4 runners of one job", null, 4],
      ["behind 4 runners of one job", null, 4],
      ["ci1 drained", "ci1", 0],
      ["asking for runners", null, 0],
    ]);
    // as exact as presence: TOUCH_INTERVAL
    const lasted = why.waits.map(({ lasted_ms }) => lasted_ms);
    for (const [at, expected] of [120_000, 60_000, 36_000, 2_000].entries()) {
      expect(Math.abs((lasted[at] ?? 0) - expected)).toBeLessThanOrEqual(served.settings.touchIntervalMs + 1_000);
    }
    expect(lasted.reduce((sum, ms) => sum + ms)).toBe(why.waited_ms);
    expect(why.says).toMatch(/^waited 3 min 3\d s: .* 3\d s ci1 drained, .*; then taken$/);
    expect(why.tries).toMatchObject([{ monitor: "ci1", outcome: "taken", times: 1 }]);
    const kept = (await served.inspect("job")) as InspectedJob;
    const { waits, tries } = kept.job;
    expect(JSON.stringify({ waits, tries }).length).toBeLessThan(200);
  });

  it("a failed job says what each monitor answered", async () => {
    const served = await openQueue(open);
    const ticket = await served.enqueueOn({ m0: 1, m1: 1, m2: 1, m3: 1, m4: 1 }, "bad");
    for (let attempt = 0; attempt < served.settings.maxAttempts; attempt++) {
      served.clock.now += 10;
      const job = await served.claim(ticket);
      for (const { monitor } of job.claim?.legs ?? []) {
        await served.settle(ticket, job, [{ monitor, state: "unknown", evidenceInMs: 0, words: `status ${monitor}` }]);
        await served.settle(ticket, job, [{ monitor, state: "refused", cause: "not_reserved" }]);
      }
    }
    const why = await whyOf(served, "bad");
    expect(why.state).toBe("failed");
    expect(why.tries.map(({ monitor, words }) => [monitor, words]).toSorted()).toEqual(
      ["m0", "m1", "m2", "m3", "m4"].map((monitor) => [monitor, `status ${monitor}`]),
    );
    expect(why.says).toContain('m3 reserved nothing ("status m3")');
  });

  it("costs no write: reasons that change with every poll are written no more than once per TOUCH_INTERVAL", async () => {
    let writes = 0;
    const served = await openQueue(async (clock) => {
      const { store, lose } = await open(clock);
      const counting = Object.create(store) as typeof store;
      counting.commit = (profileKey, parts, wake) => {
        writes += parts.filter(({ jobs }) => jobs.length > 0).length;
        return store.commit(profileKey, parts, wake);
      };
      return { store: counting, lose };
    });
    await served.showFleet({ ci0: 0 });
    const ticket = await served.enqueue("job");
    await served.poll(ticket);
    writes = 0;
    for (let second = 0; second < 60; second++) {
      await served.queue.pause("linux", {
        kind: second % 2 === 0 ? "begin" : "end",
        by: "ann",
        note: "",
        until: null,
      });
      await served.serve(1_000, [ticket]);
    }
    expect(writes).toBeGreaterThan(5);
    expect(writes).toBeLessThanOrEqual(60_000 / served.settings.touchIntervalMs + 1);
  });
});
