// How fast runners come free, and how long a job will wait by that.
import { describe, expect, it } from "vitest";
import type { FleetRow } from "../../../src/queue/fleet/fleet.ts";
import {
  countFreed,
  countRate,
  estimateWait,
  type FreedRate,
  freedRateUnknown,
  freedWindowMs,
  isScarce,
  maxRunnersWithin,
} from "../../../src/queue/fleet/freed-rate.ts";
import { hashOf } from "../../../src/queue/hash.ts";
import { capacityOf, now, rowOf } from "../../support/queue-data.ts";

const freshMs = 10_000;

it("a window is ten minutes", () => {
  expect(freedWindowMs).toBe(600_000);
});

describe("runners that came free between two snapshots", () => {
  const before = now - 1_000;
  it.each([
    { name: "as many as were idle", idle: 1, expected: 0 },
    { name: "two more", idle: 3, expected: 2 },
    { name: "one vanished", idle: 0, expected: -1 },
    { name: "one was reserved between the two", idle: 0, row: { settled: [[before + 500, 1]] }, expected: 0 },
    { name: "one was reserved, and two came free", idle: 2, row: { settled: [[before + 500, 1]] }, expected: 2 },
    {
      name: "reserved when the first was asked for: it may not show it",
      idle: 0,
      row: { settled: [[before, 1]] },
      expected: 0,
    },
    { name: "reserved before the first was asked for", idle: 0, row: { settled: [[before - 1, 1]] }, expected: -1 },
    { name: "reserved when the second was asked for", idle: 0, row: { settled: [[now, 1]] }, expected: -1 },
    {
      name: "several",
      idle: 1,
      row: {
        settled: [
          [before, 1],
          [before + 1, 2],
        ],
      },
      expected: 3,
    },
    { name: "the same snapshot again", idle: 3, askedAt: before, expected: 2 },
    { name: "nothing by an older one", idle: 3, askedAt: before - 1, expected: 0 },
    { name: "over as long a gap as a snapshot is fresh", idle: 3, askedAt: before + freshMs, expected: 2 },
    { name: "nothing over a longer one", idle: 3, askedAt: before + freshMs + 1, expected: 0 },
    { name: "nothing after a failure", idle: 3, row: { isFailing: true }, expected: 0 },
    { name: "nothing during a drain", idle: 3, row: { drainedUntil: now + 1 }, expected: 0 },
    { name: "when a drain is over", idle: 3, row: { drainedUntil: now }, expected: 2 },
  ] as { name: string; idle: number; row?: Partial<FleetRow>; askedAt?: number; expected: number }[])(
    "$name",
    ({ idle, row = {}, askedAt = now, expected }) => {
      expect(countFreed(rowOf(1, row), askedAt, { idle, target: 9, healthy: 9 }, now, freshMs)).toBe(expected);
    },
  );

  it("nothing where the monitor said nothing", () => {
    expect(countFreed(rowOf(1), now, null, now, freshMs)).toBe(0);
  });
});

describe("runners are scarce", () => {
  it.each([
    { name: "not, while some are idle and nobody waits", rows: { ci0: rowOf(2) }, wanted: 0, expected: false },
    { name: "not, while there are as many as wanted", rows: { ci0: rowOf(2) }, wanted: 2, expected: false },
    { name: "while there are fewer", rows: { ci0: rowOf(2) }, wanted: 3, expected: true },
    { name: "while there is none, though nobody waits", rows: { ci0: rowOf(0) }, wanted: 0, expected: true },
    { name: "not, where no monitor keeps any", rows: { ci0: rowOf(0, { target: 0 }) }, wanted: 3, expected: false },
    { name: "not, where nothing is heard", rows: { ci0: rowOf(0, { isFailing: true }) }, wanted: 3, expected: false },
    {
      name: "if one of several is heard",
      rows: { ci0: rowOf(0, { isFailing: true }), ci1: rowOf(0, { target: 1 }) },
      wanted: 3,
      expected: true,
    },
    { name: "not, without monitors", rows: {}, wanted: 3, expected: false },
  ])("$name", ({ rows, wanted, expected }) => {
    expect(isScarce(capacityOf(rows), wanted, now, freshMs)).toBe(expected);
  });
});

describe("the rate is counted", () => {
  const monitors = String(hashOf("ci0"));
  const known: FreedRate = {
    at: now - 2_000,
    isScarce: true,
    freedSoFar: 10,
    monitors,
    since: now - 60_000,
    scarceMs: 7_000,
    freed: 4,
    scarceMsBefore: 100,
    freedBefore: 1,
  };
  const next = { ...known, at: now, isScarce: true, freedSoFar: 13 };
  const counted = { scarceMs: 9_000, freed: 7 };
  const window = (since: number) => ({ ...known, since });

  it.each([
    { name: "while runners were scarce", rate: known, expected: { ...next, ...counted } },
    { name: "not while they were not", rate: { ...known, isScarce: false }, expected: next },
    { name: "not across a change of monitors", rate: { ...known, monitors: "7" }, expected: next },
    { name: "over 15 s", rate: { ...known, at: now - 15_000 }, expected: { ...next, scarceMs: 22_000, freed: 7 } },
    { name: "not over a longer time: nobody looked", rate: { ...known, at: now - 15_001 }, expected: next },
    { name: "in the same millisecond", rate: { ...known, at: now }, expected: { ...next, freed: 7 } },
    { name: "not backwards: the clock was set back", rate: { ...known, at: now + 1 }, expected: next },
    {
      name: "to the end of the window",
      rate: window(now - freedWindowMs + 1),
      expected: { ...next, ...counted, since: now - freedWindowMs + 1 },
    },
    {
      name: "into the window before, when one is full",
      rate: window(now - freedWindowMs),
      expected: { ...next, since: now, scarceMs: 0, freed: 0, scarceMsBefore: 9_000, freedBefore: 7 },
    },
    {
      name: "into nothing after two windows",
      rate: window(now - 2 * freedWindowMs),
      expected: { ...next, since: now, scarceMs: 0, freed: 0, scarceMsBefore: 0, freedBefore: 0 },
    },
    {
      name: "a millisecond sooner it is remembered",
      rate: window(now - 2 * freedWindowMs + 1),
      expected: { ...next, since: now, scarceMs: 0, freed: 0, scarceMsBefore: 9_000, freedBefore: 7 },
    },
    { name: "in a window that begins now", rate: window(now), expected: { ...next, ...counted, since: now } },
    {
      name: "anew in a window of before the clock was set back",
      rate: window(now + 1),
      expected: { ...next, since: now, scarceMs: 0, freed: 0, scarceMsBefore: 0, freedBefore: 0 },
    },
  ])("$name", ({ rate, expected }) => {
    expect(countRate(rate, capacityOf({ ci0: rowOf(0, { freed: 13 }) }), 1, now, freshMs)).toEqual(expected);
  });

  it("over all monitors, in whatever order they are known", () => {
    const rows = { ci1: rowOf(0, { freed: 6 }), ci0: rowOf(0, { freed: 7 }) };
    const rate = countRate({ ...known, monitors: String(hashOf("ci0 ci1")) }, capacityOf(rows), 1, now, freshMs);
    expect(rate).toMatchObject({ freed: 7, freedSoFar: 13 });
  });

  it("for the first time: nothing but how it stands", () => {
    expect(countRate(freedRateUnknown, capacityOf({ ci0: rowOf(1, { freed: 13 }) }), 1, now, freshMs)).toEqual({
      ...freedRateUnknown,
      at: now,
      isScarce: false,
      freedSoFar: 13,
      monitors,
      since: now,
    });
  });
});

/**
 * When the k-th of runners that come one in ten seconds is there at the earliest, known from
 * twenty.
 */
const lowMs = (k: number) => (k * 200_000) / 20 / Math.exp(1.28 * Math.sqrt(1 / k + 1 / 20));

describe("an estimate", () => {
  /** One in ten seconds, known from so many. */
  const known = (freed: number) => ({ ...freedRateUnknown, freed, scarceMs: freed * 10_000 });

  it.each([
    { name: "nothing was seen", rate: freedRateUnknown },
    { name: "too little", rate: known(2) },
    { name: "fewer came than went", rate: { ...known(5), freed: -3 } },
    { name: "none was scarce for any time", rate: { ...known(5), scarceMs: 0 } },
  ])("is unknown where $name, and then no number of runners is too high", ({ rate }) => {
    expect(estimateWait(rate, 1)).toBeNull();
    expect(maxRunnersWithin(rate, 1_000)).toBeUndefined();
  });

  it("is known as soon as runners were scarce at all", () => {
    expect(estimateWait({ ...known(5), scarceMs: 1 }, 1)).toEqual({ lowSeconds: 0, highSeconds: 1 });
  });

  it("is unknown for who waits for something else", () => {
    expect(estimateWait(known(4), null)).toBeNull();
  });

  it.each([
    // middle 10 s, spread by e^(1.28 sqrt(1/k + 1/n))
    { name: "from three", rate: known(3), before: 1, expected: { lowSeconds: 2, highSeconds: 44 } },
    { name: "from four", rate: known(4), before: 1, expected: { lowSeconds: 2, highSeconds: 42 } },
    { name: "narrower the more is known", rate: known(100), before: 1, expected: { lowSeconds: 2, highSeconds: 37 } },
    {
      name: "narrower the more have to come",
      rate: known(100),
      before: 50,
      expected: { lowSeconds: 400, highSeconds: 625 },
    },
    {
      name: "at once where there are enough",
      rate: known(100),
      before: 0,
      expected: { lowSeconds: 0, highSeconds: 37 },
    },
    {
      name: "at once where there are more",
      rate: known(100),
      before: -5,
      expected: { lowSeconds: 0, highSeconds: 37 },
    },
    {
      name: "in whole seconds",
      rate: { ...known(100), scarceMs: 1_001_000 },
      before: 50,
      expected: { lowSeconds: 400, highSeconds: 625 },
    },
    {
      name: "by both windows",
      rate: { ...freedRateUnknown, freed: 1, scarceMs: 5_000, freedBefore: 2, scarceMsBefore: 25_000 },
      before: 1,
      expected: { lowSeconds: 2, highSeconds: 44 },
    },
  ])("says from when to when: $name", ({ rate, before, expected }) => {
    expect(estimateWait(rate, before)).toEqual(expected);
  });

  it("holds for eight of ten waits where runners come free by chance", () => {
    // A linear congruential generator: the same numbers every time.
    let seed = 12_345;
    const random = () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return (seed + 1) / 2_147_483_649;
    };
    const timeUntil = (events: number) => {
      let ms = 0;
      for (let at = 0; at < events; at++) ms -= Math.log(random()) * 10_000;
      return ms;
    };
    for (const [seen, before] of [
      [5, 1],
      [5, 10],
      [30, 3],
      [100, 20],
    ] as const) {
      let inside = 0;
      const tries = 1_000;
      for (let at = 0; at < tries; at++) {
        const estimate = estimateWait({ ...freedRateUnknown, freed: seen, scarceMs: timeUntil(seen) }, before);
        const seconds = timeUntil(before) / 1000;
        if (estimate !== null && estimate.lowSeconds <= seconds && seconds <= estimate.highSeconds) inside += 1;
      }
      expect(inside / tries).toBeGreaterThan(0.75);
      expect(inside / tries).toBeLessThan(0.9);
    }
  });

  it.each([0, 500, 1_999, 2_000, 20_000, 600_000, 1e9])(
    "and the most runners within %d ms are two sides of one rule",
    (waitMs) => {
      const most = maxRunnersWithin(known(20), waitMs) ?? Number.NaN;
      const low = (before: number) => estimateWait(known(20), before)?.lowSeconds ?? Number.NaN;
      if (most > 0) expect(low(most)).toBeLessThanOrEqual(waitMs / 1000);
      expect(low(most + 2) + 1).toBeGreaterThan(waitMs / 1000);
    },
  );

  it.each([
    // the first of runners that come one in ten seconds: not before 2.69 s
    { waitMs: 2_690, expected: 0 },
    { waitMs: 2_700, expected: 1 },
    { waitMs: 60_000, expected: 9 },
    { waitMs: lowMs(4), expected: 4 },
    { waitMs: lowMs(4) - 0.001, expected: 3 },
    { waitMs: lowMs(5), expected: 5 },
    { waitMs: 1e15, expected: 1_048_575 },
  ])("the most runners that may have to come within $waitMs ms", ({ waitMs, expected }) => {
    expect(maxRunnersWithin(known(20), waitMs)).toBe(expected);
  });
});
