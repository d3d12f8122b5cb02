// Waits in slots: what is read from them is close to what was counted.
import { expect, it } from "vitest";
import { percentileMs, slotOf } from "../../../src/queue/stats/wait-slots.ts";

it.each([
  [0, 0],
  [999, 0],
  [1_000, 1],
  [1_499, 1],
  [1_500, 2],
  [2_250, 3],
  [60_000, 11],
  [3_600_000, 21],
  [25_251_000, 25],
  [25_252_000, 26],
  [7 * 86_400_000, 26],
])("%d ms belong to slot %d", (ms, slot) => expect(slotOf(ms)).toBe(slot));

const countAll = (waits: readonly number[]) => {
  const counts = new Map<number, number>();
  for (const ms of waits) counts.set(slotOf(ms), (counts.get(slotOf(ms)) ?? 0) + 1);
  return counts;
};

it("a percentile of many different waits is wrong by less than a tenth", () => {
  // from a second to an hour, the short ones more often
  const waits = Array.from({ length: 5_000 }, (_, i) => 1_000 * 3_600 ** (i / 5_000));
  for (const share of [0.05, 0.5, 0.95, 0.99]) {
    const exact = waits[Math.floor(share * waits.length)] ?? 0;
    expect(Math.abs((percentileMs(countAll(waits), share) ?? 0) / exact - 1)).toBeLessThan(0.1);
  }
});

it("of equal waits it is wrong by less than half, of none there is none", () => {
  const of100 = percentileMs(countAll(Array.from({ length: 9 }, () => 100_000)), 0.95) ?? 0;
  expect(of100).toBeGreaterThan(66_000);
  expect(of100).toBeLessThan(150_000);
  expect(percentileMs(new Map(), 0.5)).toBeNull();
});

it.each([
  // what was counted by slot, the share, and the wait
  { name: "half of those below a second", counts: [[0, 4]], share: 0.5, expected: 500 },
  { name: "all of them", counts: [[0, 4]], share: 1, expected: 1_000 },
  { name: "half of a later slot", counts: [[2, 2]], share: 0.5, expected: 1_875 },
  {
    name: "the end of a slot, with a gap behind it",
    counts: [
      [0, 2],
      [3, 2],
    ],
    share: 0.5,
    expected: 1_000,
  },
  {
    name: "a slot behind others",
    counts: [
      [0, 2],
      [1, 2],
    ],
    share: 0.75,
    expected: 1_250,
  },
  {
    name: "in whichever order they were counted",
    counts: [
      [5, 1],
      [0, 2],
      [3, 1],
    ],
    share: 0.5,
    expected: 1_000,
  },
  {
    name: "of none, the shortest that somebody waited",
    counts: [
      [0, 0],
      [2, 2],
    ],
    share: 0,
    expected: 1_500,
  },
  { name: "nobody is counted by a slot of none", counts: [[0, 0]], share: 0.5, expected: null },
] as const)("a share of all waited no longer than this: $name", ({ counts, share, expected }) => {
  expect(percentileMs(new Map(counts), share)).toBe(expected);
});
