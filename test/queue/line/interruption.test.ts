// Since when somebody could be heard without a break.
import { describe, expect, it } from "vitest";
import { isInterrupted, maxGapMs, renewMark } from "../../../src/queue/line/interruption.ts";
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
    { name: "not, 10 s ago", mark: { at: now - 10_000, since: 7 }, expected: false },
    { name: "longer ago", mark: { at: now - 10_001, since: 7 }, expected: true },
    { name: "not, where clocks differ by 2 s", mark: { at: now + 2_000, since: 7 }, expected: false },
    { name: "the clock was set back", mark: { at: now + 2_001, since: 7 }, expected: true },
  ])("$name", ({ mark, expected }) => {
    expect(isInterrupted(mark, now, settings)).toBe(expected);
  });
});

it.each([
  { name: "a store that has just begun: nobody was unheard", mark: null, expected: { at: now, since: 0 } },
  { name: "without a break", mark: { at: now - 10_000, since: 7 }, expected: { at: now, since: 7 } },
  { name: "by one whose clock is behind", mark: { at: now + 5, since: 7 }, expected: { at: now + 5, since: 7 } },
  { name: "after a break", mark: { at: now - 10_001, since: 7 }, expected: { at: now, since: now } },
])("the mark is renewed: $name", ({ mark, expected }) => {
  expect(renewMark(mark, now, settings)).toEqual(expected);
});
