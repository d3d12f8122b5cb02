// Where a job stands in the lists of its profile, and what the lists say of those ahead of it.
import { describe, expect, it } from "vitest";
import type { Start } from "../../../src/queue/job/start.ts";
import { dueAtOf, entryOf, orderOf, placeOfOrder, sumAhead } from "../../../src/queue/line/line.ts";
import { claimedJobOf, claimOf, jobOf, legOf, lostAt, now, runnerOf, settings } from "../../support/queue-data.ts";

const order = "0000999990000000";

it("orders compare as texts the way places do as numbers", () => {
  expect(orderOf({ place: 7 })).toBe("0000000000000007");
  expect(orderOf({ place: 1_790_000_000_000_001 })).toBe("1790000000000001");
  expect(orderOf({ place: 99 }) < orderOf({ place: 100 })).toBe(true);
});

it.each([
  { name: "shared", share: { start: 3, end: 4 } },
  { name: "expedited", expeditedAt: 5 },
  { name: "in order of places" },
])("an order says which place it was made of: $name", ({ name: _, ...more }) => {
  expect(placeOfOrder(orderOf({ place: 1_790_000_000_000_001, ...more }))).toBe(1_790_000_000_000_001);
});

it.each([
  { name: "present", job: jobOf(), expected: { list: "line", need: 1, order } },
  { name: "absent", job: jobOf({ isPresent: false }), expected: { list: "aside", need: 1, order } },
  { name: "standing aside", job: jobOf({ asideUntil: now }), expected: { list: "aside", need: 1, order } },
  {
    name: "not cleared after a loss",
    job: jobOf({ clearedFor: lostAt - 1 }),
    expected: { list: "aside", need: 1, order },
  },
  { name: "claimed, whatever else it is", job: claimedJobOf(), expected: { list: "claimed", need: 1, order } },
  {
    name: "it needs what it has not in hand",
    job: jobOf({ runnerCount: 3, runnersInHand: [{ ...runnerOf("1"), since: now }] }),
    expected: { list: "line", need: 2, order },
  },
  { name: "over", job: jobOf({ state: "cancelled" }), expected: null },
])("a job stands in one list: $name", ({ job, expected }) => {
  expect(entryOf(job, lostAt)).toEqual(expected);
});

describe("what time next changes about a job", () => {
  const inHand = (since: number) => ({ runnersInHand: [{ ...runnerOf("1"), since }] });
  const start: Start = { state: "starting", since: now, reservedAt: now, runners: ["ci0/1"] };
  const lease = { claim: claimOf([legOf()], { leaseUntil: now + 3 }) };
  it.each([
    { name: "its presence ends", job: jobOf(), expected: now + 8_000 },
    { name: "it is abandoned, once absent", job: jobOf({ isPresent: false }), expected: now + 34_000 },
    { name: "it is abandoned sooner than absent", job: jobOf({ abandonAt: now + 5 }), expected: now + 5 },
    { name: "what it holds is let go", job: jobOf(inHand(now - 25_000)), expected: now + 5_000 },
    { name: "it comes back from standing aside", job: jobOf({ asideUntil: now + 9 }), expected: now + 9 },
    { name: "a claim's lease ends", job: claimedJobOf([legOf()], lease), expected: now + 3 },
    {
      name: "a lease, also of a job that is over",
      job: claimedJobOf([legOf()], { ...lease, state: "cancelled" }),
      expected: now + 3,
    },
    { name: "nothing of a claim that is settled", job: claimedJobOf([legOf({ state: "refused" })]), expected: null },
    {
      name: "a claimed job is not due for its presence or what it holds",
      job: claimedJobOf([legOf({ state: "taken" })], inHand(now)),
      expected: null,
    },
    { name: "its answer ends", job: jobOf({ state: "taken", answer: "[]", answerUntil: now + 7 }), expected: now + 7 },
    { name: "an answer of no time is due at once", job: jobOf({ state: "taken", answer: "[]" }), expected: 0 },
    { name: "nothing, while GitHub says that it waits", job: jobOf({ detached: "queued" }), expected: null },
    {
      name: "its presence ends, until GitHub's first word",
      job: jobOf({ detached: "awaited" }),
      expected: now + 8_000,
    },
    {
      name: "its runners are looked at",
      job: jobOf({ state: "taken", start: { ...start, lookAt: now + 4 } }),
      expected: now + 4,
    },
    { name: "nothing, where they are not looked at again", job: jobOf({ state: "taken", start }), expected: null },
    {
      name: "GitHub waits for its next generation since it was over",
      job: jobOf({ state: "taken", endedAt: now - 6, word: [{ id: 1, attempt: 2, state: "queued" }] }),
      expected: now - 6,
    },
    { name: "nothing of a tombstone", job: jobOf({ state: "taken", answerUntil: now + 7 }), expected: null },
  ])("$name", ({ job, expected }) => {
    expect(dueAtOf(job, settings)).toBe(expected);
  });
});

it.each([
  { name: "nobody", counts: [], servable: 9, expected: { jobs: 0, runners: 0 } },
  {
    name: "all",
    counts: [
      { need: 1, jobs: 2 },
      { need: 4, jobs: 3 },
    ],
    servable: 4,
    expected: { jobs: 5, runners: 14 },
  },
  {
    name: "not those that need more than can be served",
    counts: [
      { need: 1, jobs: 2 },
      { need: 4, jobs: 3 },
    ],
    servable: 3,
    expected: { jobs: 2, runners: 2 },
  },
  { name: "nobody can be served", counts: [{ need: 1, jobs: 2 }], servable: 0, expected: { jobs: 0, runners: 0 } },
])("those ahead and what they need: $name", ({ counts, servable, expected }) => {
  expect(sumAhead(counts, servable)).toEqual(expected);
});
