// Who is there: a job is never taken for gone too early, and at most TOUCH_INTERVAL too late.
import { describe, expect, it } from "vitest";
import {
  deadlinesOf,
  maxPresenceAheadMs,
  needsRecord,
  noHold,
  presenceAfterHangUp,
  presenceAfterPoll,
  presenceAfterRepeat,
  presenceKindOf,
  presenceOfNewJob,
  presenceUntilFirstWord,
  withAsideOfNow,
  withHolder,
} from "../../../src/queue/job/presence.ts";
import { jobOf, now, settings } from "../../support/queue-data.ts";

/** 60 s of hold, 5 s unwritten, 10 s Retry-After, 3 s grace, 30 s until it is abandoned */
const maxAheadMs = 108_000;
const past = { heardAt: 1, isPresent: false, presentUntil: 2, abandonAt: 3 };

it("a poll that is answered at once holds nothing open", () => {
  expect(noHold).toEqual({ holdMs: 0, holder: "" });
});

it("no deadline lies further ahead than a hold of a minute and all that follows it", () => {
  expect(maxPresenceAheadMs(settings)).toBe(maxAheadMs);
});

it("a new job's first poll is due at once, and counts in full", () => {
  expect(presenceOfNewJob(now, settings)).toEqual({
    heardAt: 0,
    isPresent: true,
    presentUntil: now + 4_000,
    abandonAt: now + 30_000,
  });
});

it("a job that nobody polls for is present until GitHub's first word is overdue, and abandoned then", () => {
  expect(presenceUntilFirstWord(now, settings)).toEqual({
    heardAt: 0,
    isPresent: true,
    presentUntil: now + 30_000,
    abandonAt: now + 30_000,
  });
});

it("a job that GitHub says to wait is due at no time", () => {
  const never = { presentUntil: Number.POSITIVE_INFINITY, abandonAt: Number.POSITIVE_INFINITY };
  expect(deadlinesOf({ ...past, detached: "queued" }, 0, settings)).toEqual(never);
  expect(deadlinesOf({ ...past, detached: "awaited" }, now, settings)).not.toEqual(never);
});

it("a held request that ended too soon leaves its job due at once", () => {
  expect(presenceAfterHangUp(now, settings)).toEqual({
    heardAt: now,
    presentUntil: now + 4_000,
    abandonAt: now + 30_000,
  });
});

describe("a poll", () => {
  it.each([
    // 5 s unwritten, Retry-After, 3 s grace; 5 s unwritten, 30 s
    { name: "answered at once", retry: 2, holdMs: 0, presentUntil: now + 10_000, abandonAt: now + 35_000 },
    {
      name: "held for less than is unwritten",
      retry: 1,
      holdMs: 5_000,
      presentUntil: now + 9_000,
      abandonAt: now + 35_000,
    },
    { name: "held for longer", retry: 1, holdMs: 20_000, presentUntil: now + 24_000, abandonAt: now + 50_000 },
  ])("declares presence for as long as the next may take: $name", ({ retry, holdMs, presentUntil, abandonAt }) => {
    expect(presenceAfterPoll(past, now, retry, settings, holdMs)).toEqual({
      heardAt: now,
      isPresent: true,
      presentUntil,
      abandonAt,
    });
  });

  it("that is not held needs not say so", () => {
    expect(presenceAfterPoll(past, now, 2, settings)).toEqual(presenceAfterPoll(past, now, 2, settings, 0));
  });
});

describe("what another request declared is not taken away", () => {
  const least = {
    poll: { presentUntil: now + 9_000, abandonAt: now + 35_000 },
    repeat: { presentUntil: now + 4_000, abandonAt: now + 30_000 },
  };
  const after = {
    poll: (before: typeof past) => presenceAfterPoll(before, now, 1, settings),
    repeat: (before: typeof past) => presenceAfterRepeat(before, now, settings),
  };
  const furthest = now + maxAheadMs + 2_000;
  for (const what of ["poll", "repeat"] as const) {
    it.each([
      { name: "it was less", time: now + 3_999, expected: least[what] },
      { name: "it was more", time: now + 60_000, expected: { presentUntil: now + 60_000, abandonAt: now + 60_000 } },
      { name: "as far as can be", time: furthest, expected: { presentUntil: furthest, abandonAt: furthest } },
      { name: "further than can be: the clock was set back", time: furthest + 1, expected: least[what] },
    ])(`by a ${what}: $name`, ({ time, expected }) => {
      expect(after[what]({ ...past, presentUntil: time, abandonAt: time })).toEqual({
        heardAt: now,
        isPresent: true,
        ...expected,
      });
    });
  }
});

describe("a poll has to be written down", () => {
  const held = { holdMs: 8_000, holder: "h" };
  it.each([
    { name: "not, if it says nothing new", job: {}, hold: noHold, expected: false },
    { name: "if the job was absent", job: { isPresent: false }, hold: noHold, expected: true },
    { name: "not, 4,999 ms after the last that was", job: { heardAt: now - 4_999 }, hold: noHold, expected: false },
    { name: "if TOUCH_INTERVAL is over", job: { heardAt: now - 5_000 }, hold: noHold, expected: true },
    { name: "not in the same millisecond", job: { heardAt: now }, hold: noHold, expected: false },
    {
      name: "if the last was written in the future: the clock was set back",
      job: { heardAt: now + 1 },
      hold: noHold,
      expected: true,
    },
    { name: "not if ABANDON_AFTER is left", job: { abandonAt: now + 30_000 }, hold: noHold, expected: false },
    {
      name: "if less is left: an enqueue that came again, or a hang-up, was heard last",
      job: { heardAt: now - 1, abandonAt: now + 29_999 },
      hold: noHold,
      expected: true,
    },
    { name: "if another request spoke for the job last", job: { holder: "other" }, hold: held, expected: true },
    { name: "if none was held before", job: {}, hold: held, expected: true },
    {
      name: "not by a request that is known, whose hold is declared",
      job: { holder: "h" },
      hold: held,
      expected: false,
    },
    {
      name: "if it is held for longer than is known",
      job: { holder: "h" },
      hold: { ...held, holdMs: 8_001 },
      expected: true,
    },
    { name: "not by one that is not held beside one that is", job: { holder: "h" }, hold: noHold, expected: false },
  ])("$name", ({ job, hold, expected }) => {
    expect(needsRecord(jobOf(job), now, settings, hold)).toBe(expected);
  });
});

it.each([
  { name: "nobody was unheard", renewedAt: 0, expected: { presentUntil: now + 8_000, abandonAt: now + 34_000 } },
  // the longest Retry-After and 3 s of grace; ABANDON_AFTER
  {
    name: "everybody has their time anew",
    renewedAt: now + 5_000,
    expected: { presentUntil: now + 18_000, abandonAt: now + 35_000 },
  },
  {
    name: "each deadline by itself",
    renewedAt: now - 1_000,
    expected: { presentUntil: now + 12_000, abandonAt: now + 34_000 },
  },
])("time in which nobody could be heard does not count: $name", ({ renewedAt, expected }) => {
  expect(deadlinesOf(jobOf(), renewedAt, settings)).toEqual(expected);
});

it.each([
  { name: "it does not", asideUntil: undefined, expected: undefined },
  { name: "until then", asideUntil: now + 60_000, expected: now + 60_000 },
  { name: "within what clocks may differ", asideUntil: now + 62_000, expected: now + 62_000 },
  { name: "once more: the clock was set back", asideUntil: now + 62_001, expected: now + 60_000 },
])("a job stands aside no longer than one ever does: $name", ({ asideUntil, expected }) => {
  const job = jobOf(asideUntil === undefined ? {} : { asideUntil });
  expect(withAsideOfNow(job, now, settings).asideUntil).toBe(expected);
  expect(Object.keys(withAsideOfNow(job, now, settings))).toEqual(Object.keys(job));
});

it("a poll that is answered at once leaves the held request that spoke for the job, and another one replaces it", () => {
  const held = { holder: "h", heldUntil: now + 5 };
  expect(withHolder(held, noHold, now)).toEqual(held);
  expect(withHolder(held, { holder: "other", holdMs: 9 }, now)).toEqual({ holder: "other", heldUntil: now + 9 });
});

it("a job is connected as long as its request is held, and GitHub's where nobody polls", () => {
  expect(presenceKindOf({ heldUntil: now + 1 }, now)).toBe("connected");
  expect(presenceKindOf({ heldUntil: now }, now)).toBe("polls");
  expect(presenceKindOf({}, now)).toBe("polls");
  expect(presenceKindOf({ detached: "queued" }, now)).toBe("github");
});
