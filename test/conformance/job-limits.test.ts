// Jobs are counted over all profiles and instances: no race lets one more begin, and no process
// that dies keeps a place from anybody for good.
import { expect, it } from "vitest";
import type { JobRequest } from "../../src/queue/job/job.ts";
import { describeOnStores, type OpenStore, start } from "../support/hand-clock.ts";
import { createQueueOver } from "../support/queue-over.ts";
import { testSettings } from "../support/settings.ts";

/** Two instances on one store, with two profiles that have runners enough. */
async function openInstances(open: OpenStore, env: Record<string, string>) {
  const clock = { now: start };
  const { store } = await open(clock);
  const settings = testSettings(env);
  const instances = [createQueueOver(store, settings, "a"), createQueueOver(store, settings, "b")] as const;
  const counts = new Map(["linux", "macos"].map((key) => [key, { idle: 0, target: 4, healthy: 4 }]));
  await instances[0].finishPoll("m0", clock.now, { kind: "snapshot", counts }, { nextInMs: 1000, idleInMs: 1000 });
  const enqueue = async (uniqueId: string, more: Partial<JobRequest> = {}, by = 0, isCounted = true) => {
    const request = { uniqueId, profileKey: "linux", runnerCount: 1, qualifiedRepo: "o/r", runId: "1", ...more };
    return (await instances[by === 0 ? 0 : 1].enqueue(request, true, undefined, isCounted)).kind;
  };
  const cancel = async (uniqueId: string, profileKey = "linux") =>
    (await instances[0].cancel(profileKey, uniqueId, null)).kind;
  return { clock, store, instances, enqueue, cancel };
}

const times = (count: number) => Array.from({ length: count }, (_, n) => n);

describeOnStores("jobs of one run", (open) => {
  it("are never more than MAX_JOBS_PER_RUN, over two instances and two profiles at the same time", async () => {
    const { enqueue, store } = await openInstances(open, { MAX_JOBS_PER_RUN: "5" });
    const kinds = await Promise.all(
      times(40).map((n) => enqueue(`job-${n}`, { profileKey: n % 4 < 2 ? "linux" : "macos" }, n % 2)),
    );
    expect(kinds.filter((kind) => kind === "accepted")).toHaveLength(5);
    expect(kinds.filter((kind) => kind === "run_full")).toHaveLength(35);
    expect(await store.countRoll("jobs/o/r"), "who was refused counts nowhere").toBe(5);
  });

  it("that were accepted stay so: the same enqueue again is answered while the run is full", async () => {
    const { enqueue } = await openInstances(open, { MAX_JOBS_PER_RUN: "2" });
    for (const id of ["a", "b", "c"]) await enqueue(id);
    expect([await enqueue("a"), await enqueue("b"), await enqueue("c")]).toEqual(["accepted", "accepted", "run_full"]);
    expect(await enqueue("a", { runnerCount: 2 }), "and a conflict is called so").toBe("conflict");
    expect(await enqueue("d", { runnerCount: 99 }), "and what nobody can serve").toBe("unsatisfiable");
  });

  it("let the next one begin as soon as one is over, whichever instance hears of it", async () => {
    const { enqueue, cancel } = await openInstances(open, { MAX_JOBS_PER_RUN: "1" });
    expect(await enqueue("a", {}, 1)).toBe("accepted");
    expect(await enqueue("b")).toBe("run_full");
    expect(await cancel("a")).toBe("cancelled");
    expect(await enqueue("b")).toBe("accepted");
    expect(await enqueue("a")).toBe("run_full");
  });

  it("cost no other run, no other repository and no caller who speaks for all of them anything", async () => {
    const { enqueue } = await openInstances(open, { MAX_JOBS_PER_RUN: "1" });
    expect([await enqueue("a"), await enqueue("b")]).toEqual(["accepted", "run_full"]);
    expect(await enqueue("c", { runId: "2" })).toBe("accepted");
    expect(await enqueue("d", { qualifiedRepo: "o/r2" })).toBe("accepted");
    expect(await enqueue("e", {}, 0, false)).toBe("accepted");
    expect(await enqueue("f", { qualifiedRepo: "O/R" }), "the case makes no other repository").toBe("run_full");
  });

  it("of which a process died before it counted their end, or before they began, keep nobody out", async () => {
    const { clock, enqueue, store } = await openInstances(open, { MAX_JOBS_PER_RUN: "3" });
    for (const ghost of ["x", "y", "z"]) await store.enrol("run/o/r#1", `linux/${ghost}`, 3, 24 * 3_600_000);
    clock.now += 2_500;
    expect(await enqueue("a")).toBe("accepted");
    expect(await store.countRoll("run/o/r#1")).toBe(1);
  });
});

describeOnStores("jobs of one repository", (open) => {
  it("are never more than MAX_JOBS_PER_REPO, however many runs it has", async () => {
    const { enqueue, store } = await openInstances(open, { MAX_JOBS_PER_REPO: "5" });
    const kinds = await Promise.all(times(40).map((n) => enqueue(`job-${n}`, { runId: String(n) }, n % 2)));
    expect(kinds.filter((kind) => kind === "accepted")).toHaveLength(5);
    expect(kinds.filter((kind) => kind === "repository_full")).toHaveLength(35);
    const counts = await Promise.all(times(40).map((n) => store.countRoll(`run/o/r#${n}`)));
    expect(
      counts.reduce((sum, count) => sum + count),
      "who was refused counts nowhere",
    ).toBe(5);
  });
});

describeOnStores("what is remembered of jobs that are over", (open) => {
  it("is bounded: who enqueues and cancels without end is held back, hardly anybody else, until it is forgotten", async () => {
    const { clock, enqueue, cancel } = await openInstances(open, { MAX_REMEMBERED_JOBS: "200" });
    for (const n of times(200)) {
      expect([n, await enqueue(`churn-${n}`, {}, 0, n % 2 === 0)]).toEqual([n, "accepted"]);
      await cancel(`churn-${n}`);
    }
    expect(await enqueue("one-more")).toBe("too_many_remembered");
    expect(await enqueue("one-more", {}, 0, false), "whoever asks").toBe("too_many_remembered");
    const other = { qualifiedRepo: "other/quiet", runId: "2" };
    expect(await enqueue("quiet", other)).toBe("accepted");
    clock.now += 3_600_000 + 1;
    expect(await enqueue("one-more")).toBe("accepted");
  });

  it("is bounded for all of them together, at twice the limit", async () => {
    const { enqueue, cancel } = await openInstances(open, { MAX_REMEMBERED_JOBS: "10" });
    const refused: string[] = [];
    for (const n of times(30)) {
      const kind = await enqueue(`job-${n}`, { qualifiedRepo: `made-up/r${n}` });
      if (kind === "accepted") await cancel(`job-${n}`);
      else refused.push(kind);
    }
    expect(refused).toEqual(times(10).map(() => "too_many_remembered"));
  });
});
