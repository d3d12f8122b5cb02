// How a job begins, and what is kept of it when it is over.
import { describe, expect, it } from "vitest";
import {
  createJob,
  endJob,
  isAnswerGood,
  isForgotten,
  isIdFree,
  readmitJob,
  withoutAnswer,
} from "../../../src/queue/job/tombstone.ts";
import { claimedJobOf, jobOf, legOf, lostAt, now, settings, ticket } from "../../support/queue-data.ts";

describe("a new job", () => {
  const fresh = {
    ...ticket,
    state: "queued",
    heardAt: 0,
    isPresent: true,
    presentUntil: now + 4_000,
    abandonAt: now + 30_000,
    attempts: 0,
    refusals: 0,
  };

  it.each([
    { name: "of this epoch", place: lostAt * 1000, expected: { clearedFor: lostAt } },
    { name: "of a microsecond before it: it may have been claimed", place: lostAt * 1000 - 1, expected: {} },
  ])("is free to go unless the store may have forgotten its claim: $name", ({ place, expected }) => {
    expect(createJob({ ...ticket, place }, lostAt, now, settings)).toEqual({ ...fresh, place, ...expected });
  });

  it("remembers the place of the one of its id that ended before", () => {
    expect(createJob(ticket, lostAt, now, settings, 7)).toEqual({ ...fresh, clearedFor: lostAt, endedPlace: 7 });
  });

  it("holds nothing of what its ticket should not have said", () => {
    expect(createJob({ ...ticket, more: 1 } as never, lostAt, now, settings)).not.toHaveProperty("more");
  });
});

describe("a job that comes back by its ticket", () => {
  it.each([
    { name: "of this epoch", placeAt: lostAt, clearedFor: lostAt },
    { name: "of before: it may have been claimed", placeAt: lostAt - 1, clearedFor: undefined },
    { name: "ahead by what clocks may differ", placeAt: now + 2_000, clearedFor: lostAt },
    { name: "further ahead: the clock was set back since", placeAt: now + 2_001, clearedFor: undefined },
  ])("is free to go only where its place shows that nothing was forgotten: $name", ({ placeAt, clearedFor }) => {
    const given = { ...ticket, place: placeAt * 1000 };
    const { clearedFor: _, ...created } = createJob(given, lostAt, now, settings);
    const expected = clearedFor === undefined ? created : { ...created, clearedFor };
    expect(readmitJob(given, lostAt, now, settings)).toStrictEqual(expected);
  });
});

describe("a tombstone", () => {
  const day = 86_400_000;
  const first = { place: 1, runnerCount: 1 };
  it.each([
    { name: "an hour by itself", job: { place: 1 }, expected: now + 3_600_000 },
    { name: "as long as its ticket is good", job: { place: (now + 5_000) * 1000 }, expected: now + 3_605_000 },
    {
      name: "a minute longer than its last open leg",
      job: claimedJobOf([legOf(), legOf({ monitor: "ci1", holdUntil: now + day })], { place: 1, state: "failed" }),
      expected: now + day + 60_000,
    },
    { name: "as long as GitHub's word may bring it in line", job: { place: 1, word: [] }, expected: now + day },
  ])("is kept $name", ({ job, expected }) => {
    expect(endJob(jobOf(job), now, settings).forgetAt).toBe(expected);
  });

  it.each([
    { name: "it was served", job: { state: "taken" }, expected: now + 7 * day },
    { name: "a generation before it was", job: { state: "cancelled", first }, expected: now + 7 * day },
    { name: "not where none was", job: { state: "cancelled" }, expected: now + 3_600_000 },
  ] as const)("is kept as long as a re-run may ask for it again: $name", ({ job, expected }) => {
    expect(endJob(jobOf(job), now, { ...settings, rerunMemoryMs: 7 * day }).forgetAt).toBe(expected);
  });

  it("keeps what late news and the ticket's holder need, and no more", () => {
    const job = jobOf({
      state: "taken",
      answer: "[1]",
      answerUntil: now + 1,
      spentRunners: ["ci0/1"],
      holder: "h",
      asideUntil: now + 1,
      unchargedRefusals: 2,
    });
    const { holder: _, asideUntil: __, unchargedRefusals: ___, ...kept } = job;
    expect(endJob(job, now, settings)).toEqual({ ...kept, isPresent: false, endedAt: now, forgetAt: now + 3_600_000 });
  });

  it.each([
    { name: "while a leg is open", leg: legOf({ state: "unknown" }), isKept: true },
    { name: "not when all is settled", leg: legOf({ state: "refused" }), isKept: false },
  ] as const)("says who was asked only while an answer may still come: $name", ({ leg, isKept }) => {
    const job = claimedJobOf([leg], { asked: { ci0: 1 }, state: "cancelled" });
    const { claim, asked } = endJob(job, now, settings);
    expect([claim, asked]).toEqual(isKept ? [job.claim, job.asked] : [undefined, undefined]);
  });

  it.each([
    { forgetAt: now - 1, expected: true },
    { forgetAt: now, expected: true },
    { forgetAt: now + 1, expected: false },
  ])("is forgotten when its time is over: $forgetAt", ({ forgetAt, expected }) => {
    expect(isForgotten({ forgetAt }, now)).toBe(expected);
  });

  it("of a live job there is none", () => {
    expect(isForgotten({}, now)).toBe(false);
  });

  it("loses its answer, and nothing else", () => {
    const job = jobOf({ state: "taken", answer: "[1]", answerUntil: now });
    const { answer: _, ...rest } = job;
    expect(withoutAnswer(job)).toEqual(rest);
  });
});

it.each([
  { name: "for another millisecond", job: { answer: "[1]", answerUntil: now + 1 }, expected: true },
  { name: "its time is over", job: { answer: "[1]", answerUntil: now }, expected: false },
  { name: "as long as an answer ever lives", job: { answer: "[1]", answerUntil: now + 45_000 }, expected: true },
  { name: "longer: the clock was set back since", job: { answer: "[1]", answerUntil: now + 45_001 }, expected: false },
  { name: "forgotten", job: { answerUntil: now + 1 }, expected: false },
  { name: "of no time", job: { answer: "[1]" }, expected: false },
])("an answer may be given only while its runners are there: $name", ({ job, expected }) => {
  expect(isAnswerGood(job, now, settings.answerTtlMs)).toBe(expected);
});

it.each([
  { name: "it waits", job: jobOf(), expected: "alive" },
  { name: "it is claimed", job: claimedJobOf(), expected: "alive" },
  { name: "it was served", job: jobOf({ state: "taken" }), expected: "taken" },
  {
    name: "a generation before it was served",
    job: jobOf({ state: "cancelled", first: { place: 1, runnerCount: 1 } }),
    expected: "taken",
  },
  { name: "it failed", job: claimedJobOf([legOf({ state: "refused" })], { state: "failed" }), expected: "free" },
  { name: "it was cancelled before any claim", job: jobOf({ state: "cancelled" }), expected: "free" },
  { name: "a monitor is still at work", job: claimedJobOf([legOf()], { state: "cancelled" }), expected: "settling" },
  {
    name: "nobody knows what a monitor did",
    job: claimedJobOf([legOf({ state: "refused" }), legOf({ monitor: "ci1", state: "unknown" })], {
      state: "abandoned",
    }),
    expected: "settling",
  },
])("an id lives again only when nothing can come of the job before: $name", ({ job, expected }) => {
  expect(isIdFree(job)).toBe(expected);
});
