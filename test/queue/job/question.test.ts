// When GitHub is asked about a job next, and what it means that it lists a job no more.
import { describe, expect, it } from "vitest";
import type { Job } from "../../../src/queue/job/job.ts";
import { firstQuestionMs, nextQuestionMs, sayGone } from "../../../src/queue/job/question.ts";
import { jobOf, now, settings } from "../../support/queue-data.ts";

const minute = 60_000;
const ended = (more: Partial<Job>) =>
  jobOf({ isPresent: false, endedAt: now - 10 * minute, forgetAt: now + 1000 * minute, ...more });
const start = (state: "starting" | "started" | "over", minutesAgo: number) => ({
  start: { state, since: now - minutesAgo * minute, reservedAt: now - minutesAgo * minute, runners: ["ci0/1"] },
});

describe("the next question about a job", () => {
  it.each<[string, Job, number | null]>([
    ["that is polled for: none, while it is in line", jobOf(), null],
    ["that waits by GitHub's word: none but for its place in line", jobOf({ detached: "queued" }), null],
    ["of which GitHub has not spoken: a minute", jobOf({ detached: "awaited" }), minute],
    ["that was just taken: a minute", ended({ state: "taken", ...start("starting", 0) }), minute],
    ["that runs for ten minutes: five", ended({ state: "taken", ...start("started", 10) }), 5 * minute],
    ["that is over for a day: half a day", ended({ state: "taken", ...start("over", 1440) }), 720 * minute],
    ["that is forgotten by then: none", ended({ state: "taken", ...start("over", 2100) }), null],
    ["that is not watched, ten minutes after its end: five", ended({ state: "taken" }), 5 * minute],
    [
      "whose re-run was cancelled: as of one that was served",
      ended({ state: "cancelled", first: { place: 1, runnerCount: 1 } }),
      5 * minute,
    ],
    [
      "that is forgotten in a minute: none",
      ended({ state: "taken", ...start("starting", 0), forgetAt: now + minute }),
      null,
    ],
    [
      "that is forgotten right after: one more",
      ended({ state: "taken", ...start("starting", 0), forgetAt: now + minute + 1 }),
      minute,
    ],
    ["in whole milliseconds", ended({ state: "taken", endedAt: now - 10 * minute - 1 }), 5 * minute],
    ["whose client went away: none", ended({ state: "abandoned", endedAt: now - minute }), null],
    ["that was cancelled: none", ended({ state: "cancelled", detached: "awaited", endedAt: now - minute }), null],
    [
      "that GitHub's first word may come too late for: a minute",
      ended({ state: "abandoned", detached: "awaited", endedAt: now - minute }),
      minute,
    ],
    [
      "that it may come for until ten minutes are over",
      ended({ state: "abandoned", detached: "awaited", endedAt: now - 10 * minute + 1 }),
      minute,
    ],
    ["that it did not come for in ten minutes: none", ended({ state: "abandoned", detached: "awaited" }), null],
  ])("%s", (_, job, expected) => {
    expect(nextQuestionMs(job, now)).toBe(expected);
  });

  it("comes before a job is abandoned of which GitHub has not spoken", () => {
    expect(firstQuestionMs(settings)).toBe(20_000);
    expect(firstQuestionMs({ abandonAfterMs: 60_000 })).toBe(20_000);
    expect(firstQuestionMs({ abandonAfterMs: 6_001 })).toBe(4_000);
  });
});

describe("a job that GitHub lists no more", () => {
  const word = [
    { id: 9, attempt: 2, state: "queued" as const },
    { id: 8, attempt: 2, state: "completed" as const },
    { id: 7, attempt: 1, state: "queued" as const },
  ];
  const old = jobOf({ place: (now - 11 * minute) * 1000, word });

  it("is over, those of its latest attempt that were not", () => {
    expect(sayGone(old, new Set(), now)).toEqual([{ id: 9, attempt: 2, state: "completed" }]);
    expect(sayGone(old, new Set([9]), now)).toEqual([]);
  });

  it("is not, where we heard of it a moment ago: GitHub's lists are late", () => {
    expect(sayGone(jobOf({ place: (now - 9 * minute) * 1000, word }), new Set(), now)).toEqual([]);
    expect(sayGone({ ...old, endedAt: now - 10 * minute + 1 }, new Set(), now)).toEqual([]);
    expect(sayGone({ ...old, endedAt: now - 10 * minute }, new Set(), now)).toHaveLength(1);
    expect(sayGone({ ...old, endedAt: now - minute }, new Set(), now)).toEqual([]);
  });
});
