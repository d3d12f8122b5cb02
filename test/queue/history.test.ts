// The history's entries: one for every change of a job's state and every act of an operator.
import { expect, it } from "vitest";
import { describeAct, describeChange, historyLength } from "../../src/queue/history.ts";
import { claimedJobOf, jobOf, legOf, now } from "../support/queue-data.ts";

const usual = { at: now, id: "a", repo: "o/r", run: "1", count: 1, attempts: 0, waitedMs: 10_000 };
const ended = { isPresent: false, endedAt: now };

it.each([
  { name: "enqueued", before: null, after: jobOf(), isEnqueued: true, expected: { ...usual, what: "queued" } },
  {
    name: "of a class",
    before: null,
    after: jobOf({ className: "merge" }),
    isEnqueued: true,
    expected: { ...usual, what: "queued", class: "merge" },
  },
  {
    name: "brought back by its ticket",
    before: null,
    after: jobOf(),
    isEnqueued: false,
    expected: { ...usual, what: "readmitted" },
  },
  {
    name: "back in line after a refusal is no readmission",
    before: claimedJobOf(),
    after: jobOf(),
    isEnqueued: false,
    expected: { ...usual, what: "queued" },
  },
  {
    name: "claimed: by whom it is served stands there",
    before: jobOf(),
    after: claimedJobOf([legOf(), legOf({ monitor: "ci1" })]),
    isEnqueued: false,
    expected: { ...usual, what: "claimed", attempts: 1, monitors: ["ci0", "ci1"] },
  },
  {
    name: "a lost job that is claimed at once is no readmission",
    before: null,
    after: claimedJobOf(),
    isEnqueued: false,
    expected: { ...usual, what: "claimed", attempts: 1, monitors: ["ci0"] },
  },
  {
    name: "taken: the runners that were given out last, and not those that were let go",
    before: claimedJobOf(),
    after: jobOf({ ...ended, state: "taken", runnerCount: 2, spentRunners: ["ci0/1", "ci0/2", "ci1/3"] }),
    isEnqueued: false,
    expected: { ...usual, what: "taken", count: 2, runners: ["ci0/2", "ci1/3"] },
  },
  {
    name: "taken, and what GitHub calls them",
    before: claimedJobOf(),
    after: jobOf({ ...ended, state: "taken", spentRunners: ["ci0/1"], runnerNames: ["linux.1"] }),
    isEnqueued: false,
    expected: { ...usual, what: "taken", runners: ["ci0/1"], names: ["linux.1"] },
  },
  {
    name: "taken, and nobody knows by which runners",
    before: claimedJobOf(),
    after: jobOf({ ...ended, state: "taken" }),
    isEnqueued: false,
    expected: { ...usual, what: "taken", runners: [] },
  },
  {
    name: "over: a claim of before is not named",
    before: claimedJobOf(),
    after: claimedJobOf([legOf()], { ...ended, state: "failed" }),
    isEnqueued: false,
    expected: { ...usual, what: "failed", attempts: 1 },
  },
])("a change of a job is one entry: $name", ({ before, after, isEnqueued, expected }) => {
  expect(describeChange(before, after, isEnqueued, null, now)).toEqual(expected);
});

it("an operator who changed a job is named", () => {
  const cancelled = jobOf({ ...ended, state: "cancelled" });
  expect(describeChange(jobOf(), cancelled, false, "operator", now)).toEqual({
    ...usual,
    what: "cancelled",
    by: "operator",
  });
});

it("two thousand entries are kept", () => {
  expect(historyLength).toBe(2_000);
});

it("what is not known is not written", () => {
  expect(Object.keys(describeChange(null, jobOf(), true, null, now))).not.toContain("names");
  const claimed = { ...claimedJobOf() };
  delete claimed.claim;
  expect(describeChange(jobOf(), claimed, false, null, now)).not.toHaveProperty("monitors");
});

it("a job from the future has waited for no time", () => {
  expect(describeChange(null, jobOf({ place: (now + 1) * 1000 }), true, null, now).waitedMs).toBe(0);
});

it.each([
  {
    name: "begun, with an end",
    act: { kind: "begin", until: 9 },
    monitors: ["ci0"],
    expected: { what: "drained", until: 9, monitors: ["ci0"] },
  },
  {
    name: "begun for ever",
    act: { kind: "begin", until: null },
    monitors: ["ci0"],
    expected: { what: "drained", monitors: ["ci0"] },
  },
  {
    name: "ended: no end is named",
    act: { kind: "end", until: 9 },
    monitors: ["ci0"],
    expected: { what: "resumed", monitors: ["ci0"] },
  },
  { name: "aimed at no monitor", act: { kind: "begin", until: null }, monitors: [], expected: { what: "drained" } },
] as const)("an act is one entry: $name", ({ act, monitors, expected }) => {
  expect(describeAct({ ...act, by: "kim", note: "disk" }, "drained", "resumed", monitors, now)).toEqual({
    at: now,
    by: "kim",
    note: "disk",
    ...expected,
  });
});
