// The next generation of a job that is re-run: what it begins with, and when GitHub waits for it.
import { describe, expect, it } from "vitest";
import { awaitsGeneration, beginGeneration, type NextGeneration } from "../../../src/queue/job/generation.ts";
import type { GithubWord } from "../../../src/queue/job/github-word.ts";
import type { Job } from "../../../src/queue/job/job.ts";
import { claimedJobOf, jobOf, legOf, lostAt, now, settings, ticket } from "../../support/queue-data.ts";

const waits = (id: number, attempt = 2): GithubWord[number] => ({ id, attempt, state: "queued" });
const next: NextGeneration = { place: now * 1000, share: undefined, runnerCount: 2, isCounted: false, attempt: 2 };
const taken = (more: Partial<Job> = {}) =>
  jobOf({ state: "taken", isPresent: false, runnerCount: 3, heardAt: 7, attempts: 4, refusals: 1, ...more });
const begin = (job: Job, more: Partial<NextGeneration> = {}) =>
  beginGeneration(job, { ...next, ...more }, lostAt, now, settings);
const begun = {
  ...ticket,
  place: now * 1000,
  runnerCount: 2,
  state: "queued",
  heardAt: 0,
  isPresent: true,
  presentUntil: now + 4_000,
  abandonAt: now + 30_000,
  attempts: 0,
  refusals: 0,
  clearedFor: lostAt,
  endedPlace: ticket.place,
  generation: 2,
  first: { place: ticket.place, runnerCount: 3 },
  attempt: 2,
  word: [],
};

describe("the next generation of a job", () => {
  it("begins as a new job does, and knows only where the first one stood", () => {
    expect(begin(taken())).toStrictEqual(begun);
  });

  it("keeps its class, who was asked, what is spent and how often it was lost; an operator's favour ends", () => {
    const kept = { className: "merge", asked: { ci0: 1 }, spentRunners: ["ci0/1"], restarts: 1 };
    const share = { start: 1, end: 2 };
    const known = taken({ ...kept, expeditedAt: 5, share: { start: 3, end: 4 }, avoided: ["ci1"] });
    expect(begin(known, { share, isCounted: true, detached: "queued" })).toStrictEqual({
      ...begun,
      ...kept,
      share,
      isCounted: true,
      detached: "queued",
    });
  });

  it("of a later one still knows the first, and counts on", () => {
    const first = { place: 5, runnerCount: 9 };
    const { generation, first: after, endedPlace } = begin(taken({ generation: 2, first }));
    expect([generation, after, endedPlace]).toEqual([3, first, ticket.place]);
  });

  it("stands for all of GitHub's jobs that wait; those that do not were of the one before", () => {
    const word: GithubWord = [waits(9), waits(8), { ...waits(7), state: "completed" }, waits(6, 1)];
    const after = begin(taken({ word }), { runnerCount: 1 });
    expect(after.word?.map(({ id, generation }) => [id, generation])).toEqual([
      [9, 2],
      [8, 2],
      [7, 1],
      [6, 1],
    ]);
  });

  it("that counts them stands for no more than it has runners, and leaves the others to the next one", () => {
    const after = begin(taken({ word: [waits(9), waits(8)] }), { isCounted: true, runnerCount: 1 });
    expect(after.word?.map(({ id, generation }) => [id, generation])).toEqual([
      [9, 2],
      [8, undefined],
    ]);
    expect(awaitsGeneration({ ...after, state: "taken" })).toBe(true);
  });

  it("serves the attempt that was heard of, or a higher one that is asked for", () => {
    expect(begin(taken({ word: [waits(9, 5)] })).attempt).toBe(5);
    expect(begin(taken({ word: [waits(9, 5)] }), { attempt: 6 }).attempt).toBe(6);
  });
});

it.each([
  { name: "of one that was served", job: taken({ word: [waits(9)] }), expected: true },
  { name: "of one that is in line", job: jobOf({ word: [waits(9)] }), expected: false },
  {
    name: "of one at which a monitor may be at work",
    job: claimedJobOf([legOf()], { state: "cancelled", word: [waits(9)] }),
    expected: false,
  },
  { name: "that runs", job: taken({ word: [{ ...waits(9), state: "in_progress" }] }), expected: false },
  { name: "that a generation stands for", job: taken({ word: [{ ...waits(9), generation: 1 }] }), expected: false },
  { name: "of which GitHub said nothing", job: taken(), expected: false },
])("GitHub waits for a job's next generation: $name: $expected", ({ job, expected }) => {
  expect(awaitsGeneration(job)).toBe(expected);
});
