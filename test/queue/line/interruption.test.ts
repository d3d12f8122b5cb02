// Since when somebody could be heard without a break.
import { describe, expect, it } from "vitest";
import { hasJumped, isInterrupted, leadOf, maxGapMs, renewMark } from "../../../src/queue/line/interruption.ts";
import { settings } from "../../support/queue-data.ts";

const now = 1_000_000;

it.each([
  [1, 2_000],
  [6_000, 2_000],
  [8_999, 2_999],
  [30_000, 10_000],
  [60_000, 10_000],
])("with ABANDON_AFTER of %d ms a mark may be %d ms old", (abandonAfterMs, expected) => {
  expect(maxGapMs({ abandonAfterMs })).toBe(expected);
});

describe("nobody served for a while", () => {
  it.each([
    { name: "no mark", mark: null, expected: true },
    { name: "not, 10 s ago", mark: { at: now - 10_000, since: 7, clockSince: 5 }, expected: false },
    { name: "longer ago", mark: { at: now - 10_001, since: 7, clockSince: 5 }, expected: true },
    { name: "not, where clocks differ by 2 s", mark: { at: now + 2_000, since: 7, clockSince: 5 }, expected: false },
    { name: "the clock was set back", mark: { at: now + 2_001, since: 7, clockSince: 5 }, expected: true },
  ])("$name", ({ mark, expected }) => {
    expect(isInterrupted(mark, now, settings)).toBe(expected);
  });
});

const anew = { at: now, since: now, clockSince: now };
it.each([
  { name: "a store that has just begun: nobody was unheard", at: null, expected: { at: now, since: 0, clockSince: 0 } },
  { name: "without a break", at: now - 10_000, expected: { at: now, since: 7, clockSince: 5 } },
  { name: "by one whose clock is behind", at: now + 5, expected: { at: now + 5, since: 7, clockSince: 5 } },
  { name: "after a break", at: now - 10_001, expected: { at: now, since: now, clockSince: 5 } },
  { name: "after one of 85 s", at: now - 85_000, expected: { at: now, since: now, clockSince: 5 } },
  { name: "after a longer one, which may be a clock that was set", at: now - 85_001, expected: anew },
  {
    name: "by another master, whose clock may be behind by so much",
    at: now + 4_000,
    expected: { ...anew, clockSince: 5 },
  },
  { name: "after the clock was set back, seen by the mark", at: now + 4_001, expected: anew },
  { name: "after the clock was set, seen by an instance", at: now - 1, isClockSet: true, expected: anew },
])("the mark is renewed: $name", ({ at, isClockSet = false, expected }) => {
  const mark = at === null ? null : { at, since: 7, clockSince: 5 };
  expect(renewMark(mark, now, isClockSet, settings)).toEqual(expected);
});

it("a short silence is no clock that was set, however short reservations are", () => {
  const short = { ...settings, monitorSettleMs: 100, monitorReserveTimeoutMs: 1_000 };
  const mark = { at: now - 10_000, since: 7, clockSince: 5 };
  expect(renewMark(mark, now, false, short)).toEqual({ at: now, since: 7, clockSince: 5 });
});

describe("the store's clock was set, by an instance's own", () => {
  // asked at 100, heard at 150
  const before = leadOf(now, 100, 150);

  it("is ahead of that by what it showed, less what passed until it was heard", () => {
    expect(before).toEqual({ min: now - 150, max: now - 100 });
  });

  it.each([
    { name: "not: both went on by the same", store: 60_000, asked: 60_100, heard: 60_150, expected: false },
    { name: "not: the answer took long", store: 1_000, asked: 1_100, heard: 99_000, expected: false },
    { name: "not: it waited for long to be served", store: 90_000, asked: 1_000, heard: 90_150, expected: false },
    { name: "not, forward by 4 s", store: 5_000, asked: 1_100, heard: 1_100, expected: false },
    { name: "forward by more", store: 5_001, asked: 1_100, heard: 1_100, expected: true },
    { name: "not, back by 4 s", store: -3_000, asked: 1_150, heard: 1_150, expected: false },
    { name: "back by more", store: -3_001, asked: 1_150, heard: 1_150, expected: true },
  ])("$name", ({ store, asked, heard, expected }) => {
    expect(hasJumped(before, leadOf(now + store, asked, heard))).toBe(expected);
  });
});
