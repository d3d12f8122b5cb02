// The start watch: two witnesses before anything is called lost, and never anything that started is
// served again.
import { describe, expect, it } from "vitest";
import type { GithubWord } from "../../../../src/queue/job/github-word.ts";
import type { Job } from "../../../../src/queue/job/job.ts";
import { type Start, startByWord } from "../../../../src/queue/job/start.ts";
import { beginLookOperation, watchStartOperation } from "../../../../src/queue/operations/word/watch-start.ts";
import { jobOf, now, settings, viewOf } from "../../../support/queue-data.ts";

const reservedAt = now - settings.startTimeoutMs;
const start: Start = { state: "starting", since: reservedAt, reservedAt, runners: ["ci0/1"], lookAt: now };
const waits: GithubWord = [{ id: 7, attempt: 1, state: "queued", generation: 1 }];
const taken = (more: Partial<Job> = {}) =>
  jobOf({ state: "taken", isPresent: false, start, word: waits, spentRunners: ["ci0/1"], ...more });
const watch = (job: Job, seen: Parameters<typeof watchStartOperation>[2], more: Partial<typeof settings> = {}) =>
  watchStartOperation("linux", "a", seen).decide(viewOf({ a: { job }, settings: { ...settings, ...more } }));
const stateOf = (result: ReturnType<typeof watch>) => result.answer.changed?.after.start?.state ?? "unchanged";
const idle = [{ name: "ci0/1", isBusy: false }];

it("a look reads its job, and what comes of it who may be served next", () => {
  const asked = ({ name, profileKey, reads }: { name: string; profileKey: string; reads: object }) => [
    name,
    profileKey,
    reads,
  ];
  const jobs = [{ uniqueId: "a", order: null }];
  expect(asked(beginLookOperation("linux", "a"))).toEqual(["begin_look", "linux", { jobs }]);
  expect(asked(watchStartOperation("linux", "a", []))).toEqual([
    "watch_start",
    "linux",
    { jobs, front: true, flows: true },
  ]);
});

describe("what a dashboard shows of a reserved runner", () => {
  it.each([
    { name: "busy: it has started", seen: [{ name: "ci0/1", isBusy: true }], job: taken(), state: "started" },
    { name: "gone, and GitHub waits: lost", seen: [], job: taken(), state: "lost" },
    { name: "idle for too long, and GitHub waits: lost", seen: idle, job: taken(), state: "lost" },
    {
      name: "gone, but GitHub says nothing: it may have started and ended",
      seen: [],
      job: taken({ word: [] }),
      state: "unchanged",
    },
    {
      name: "gone, but GitHub does not wait: not lost",
      seen: [],
      job: taken({ word: [{ id: 7, attempt: 1, state: "in_progress", generation: 1 }] }),
      state: "unchanged",
    },
    {
      name: "idle, and not for long enough: GitHub is slow",
      seen: idle,
      job: taken({ start: { ...start, reservedAt: reservedAt + 1 } }),
      state: "unchanged",
    },
    {
      name: "gone, after it was seen to start",
      seen: [],
      job: taken({ start: { ...start, state: "started" } }),
      state: "unchanged",
    },
    {
      name: "another job's runner that is busy",
      seen: [{ name: "ci0/2", isBusy: true }],
      job: taken(),
      state: "lost",
    },
  ])("$name", ({ seen, job, state }) => {
    expect(stateOf(watch(job, seen, { startWatch: "report" }))).toBe(state);
  });

  it("is written with its job: it has started, and is looked at no more", () => {
    const { lookAt: _, ...rest } = start;
    const after = { ...taken(), start: { ...rest, state: "started" as const, since: now } };
    expect(watch(taken(), [{ name: "ci0/1", isBusy: true }])).toEqual({
      answer: { changed: { before: taken(), after }, isServedAgain: false },
      change: { jobs: [{ before: taken(), after }] },
    });
  });

  it.each([
    { name: "that is unknown", job: null },
    { name: "that is forgotten", job: taken({ forgetAt: now }) },
    { name: "that is not watched", job: jobOf({ state: "taken", word: waits }) },
  ])("says nothing of a job $name", ({ job }) => {
    expect(watchStartOperation("linux", "a", []).decide(viewOf({ a: { job } }))).toEqual({
      answer: { changed: null, isServedAgain: false },
    });
  });
});

describe("a look", () => {
  const begin = (job: Job) => beginLookOperation("linux", "a").decide(viewOf({ a: { job } }));

  it("is one instance's, and the next one is due soon, for that instance may die; and not for ever", () => {
    const { answer, change } = begin(taken());
    const lookAt = now + settings.startTimeoutMs / 4;
    expect(answer?.start).toMatchObject({ state: "starting", lookAt });
    expect(change).toEqual({ jobs: [{ before: taken(), after: { ...taken(), start: { ...start, lookAt } } }] });
    const [after] = change?.jobs?.map((one) => one.after) ?? [];
    expect(begin(after ?? taken())).toEqual({ answer: null });
    const old = { ...start, reservedAt: now - 20 * settings.startTimeoutMs };
    expect(begin(taken({ start: old })).answer?.start).not.toHaveProperty("lookAt");
  });

  it.each([
    { name: "says nothing", seen: [], times: 10 },
    { name: "could not see or ask anything", seen: null, times: 20 },
  ])("that $name has it looked at again a START_TIMEOUT later, $times times", ({ seen, times }) => {
    const { startTimeoutMs } = settings;
    const lookAtAfter = (reservedAt: number) => {
      const job = taken({ word: [], start: { ...start, reservedAt, lookAt: now + 1 } });
      return watch(job, seen).change?.jobs?.[0]?.after?.start?.lookAt;
    };
    expect(lookAtAfter(now - times * startTimeoutMs + 1)).toBe(now + startTimeoutMs);
    expect(lookAtAfter(now - times * startTimeoutMs)).toBeUndefined();
    const { lookAt: _, ...never } = start;
    expect(watch(taken({ word: [], start: never }), seen), "and not where none was due").not.toHaveProperty("change");
  });

  it("is nobody's where the job has started, or is gone", () => {
    expect(begin(taken({ start: { ...start, state: "started" } })).answer).toBeNull();
    expect(beginLookOperation("linux", "b").decide(viewOf({})).answer).toBeNull();
    expect(begin(taken({ forgetAt: now })).answer).toBeNull();
    const { lookAt: _, ...never } = start;
    expect(begin(taken({ start: never })).answer, "or is looked at no more").toBeNull();
  });
});

describe("a lost start", () => {
  it("is only reported, unless it is wished that it is served again", () => {
    const { answer, change } = watch(taken(), [], { startWatch: "report" });
    const after = change?.jobs?.[0]?.after;
    expect(after).toMatchObject({ state: "taken", start: { state: "lost" } });
    expect([answer, change]).toEqual([
      { changed: { before: taken(), after }, isServedAgain: false },
      { jobs: [{ before: taken(), after }] },
    ]);
  });

  it("is served again at its old place, at another monitor first, as the next generation", () => {
    const { answer, change } = watch(taken(), [], { startWatch: "act" });
    expect(answer).toMatchObject({
      changed: { before: taken(), after: { state: "taken", start: { state: "lost" } } },
      isServedAgain: true,
    });
    expect(change).toMatchObject({
      jobs: [{ before: taken() }],
      history: [{ what: "queued", by: "start watch", generation: 2 }],
      wake: ["a"],
      makesRoom: true,
    });
    expect(change?.jobs?.[0]?.after).toMatchObject({
      attempt: 1,
      isCounted: true,
      state: "queued",
      place: taken().place,
      generation: 2,
      detached: "queued",
      runnerCount: 1,
      avoided: ["ci0"],
      spentRunners: ["ci0/1"],
      restarts: 1,
      word: [{ id: 7, state: "queued", generation: 2 }],
    });
  });

  it("keeps its part of the line, its attempt, and whose generation GitHub's other jobs are", () => {
    const word: GithubWord = [
      { id: 9, attempt: 3, state: "queued", generation: 2 },
      { id: 7, attempt: 3, state: "completed", generation: 1 },
    ];
    const job = taken({ share: { start: 1, end: 2 }, generation: 2, attempt: 4, word });
    const { change } = watch(job, [], { startWatch: "act" });
    expect(change?.jobs?.[0]?.after).toMatchObject({
      share: { start: 1, end: 2 },
      attempt: 4,
      generation: 3,
      word: [
        { id: 9, generation: 3 },
        { id: 7, generation: 1 },
      ],
    });
  });

  it("is served again MAX_RESTARTS times at most", () => {
    expect(watch(taken({ restarts: settings.maxRestarts }), [], { startWatch: "act" }).answer.isServedAgain).toBe(
      false,
    );
  });

  it("of a gang is made good for those of its jobs only that wait", () => {
    const gang = { ...start, runners: ["ci0/1", "ci0/2", "ci1/3"] };
    const word: GithubWord = [7, 8, 9].map((id) => ({
      id,
      attempt: 1,
      state: id === 7 ? "queued" : "completed",
      generation: 1,
    }));
    const { change } = watch(taken({ runnerCount: 3, start: gang, word }), [], { startWatch: "act" });
    expect(change?.jobs?.[0]?.after).toMatchObject({ runnerCount: 1, avoided: ["ci0", "ci1"] });
  });
});

describe("GitHub's word on a start", () => {
  const job = (state: "queued" | "in_progress" | "completed", runner?: string): GithubWord => [
    { id: 7, attempt: 1, state, ...(runner !== undefined && { runner }) },
  ];
  it.each([
    { name: "queued: nothing yet", word: job("queued"), state: "starting" },
    { name: "in progress: started", word: job("in_progress", "r"), state: "started" },
    {
      name: "completed on a runner: it started, and nobody had heard of it",
      word: job("completed", "r"),
      state: "started",
    },
    { name: "completed on none: over, and the reservation was for nothing", word: job("completed"), state: "over" },
    {
      name: "a later attempt: this one is over",
      word: [{ id: 9, attempt: 2, state: "queued" as const }, ...job("queued")],
      state: "over",
    },
  ])("$name", ({ word, state }) => {
    expect(startByWord(start, word, {}, now).state).toBe(state);
  });

  it("completed, of one that started: over", () => {
    expect(startByWord({ ...start, state: "started" }, job("completed", "r"), {}, now).state).toBe("over");
  });

  it("changes nothing of one that is lost", () => {
    const lost: Start = { ...start, state: "lost" };
    expect(startByWord(lost, job("completed", "r"), {}, now)).toBe(lost);
  });
});
