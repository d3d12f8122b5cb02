// The pure rules where a table of cases says more than a sequence of commands.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Capacity } from "../../src/queue/fleet/capacity.ts";
import { decideTakeBackoffMs, type FleetRow, noSnapshot, noTakes, withSnapshot } from "../../src/queue/fleet/fleet.ts";
import {
  countFreed,
  countRate,
  estimateWait,
  type FreedRate,
  freedRateUnknown,
  freedWindowMs,
  isScarce,
  maxRunnersWithin,
} from "../../src/queue/fleet/freed-rate.ts";
import { planLegs } from "../../src/queue/fleet/placement.ts";
import { decideByEvidence, type Evidence, planEvidence } from "../../src/queue/job/evidence.ts";
import { createJob } from "../../src/queue/job/tombstone.ts";
import { decideRetryAfterSeconds, spreadOf } from "../../src/queue/line/retry-after.ts";
import { testSettings } from "../support/settings.ts";

const settings = testSettings();
const row = (idle: number, more: Partial<FleetRow> = {}): FleetRow => ({
  ...noSnapshot,
  ...noTakes,
  askedAt: 1000,
  idle,
  target: 9,
  ...more,
});
const capacityOf = (rows: Readonly<Record<string, FleetRow>>): Capacity => {
  const capacity = new Capacity(10_000);
  for (const [monitor, one] of Object.entries(rows)) capacity.set(monitor, one, 1000);
  return capacity;
};

describe("Retry-After", () => {
  it("is 1 for the next few, whole seconds, and never more than a third of ABANDON_AFTER", () => {
    fc.assert(
      fc.property(
        fc.nat(1_000_000),
        fc.nat(999),
        fc.integer({ min: 1, max: 600_000 }),
        fc.integer({ min: 3000, max: 600_000 }),
        (position, spread, retry, abandon) => {
          const seconds = decideRetryAfterSeconds(position + 1, spread, retry, abandon);
          expect(Number.isInteger(seconds) && seconds >= 1).toBe(true);
          expect(seconds).toBeLessThanOrEqual(Math.max(1, abandon / 3000));
          if (position < 3) expect(seconds).toBe(1);
        },
      ),
    );
  });

  it("grows with the position, is about RETRY_AFTER in mid-line, and spreads a crowd over several seconds", () => {
    const at = (position: number, spread = 500) => decideRetryAfterSeconds(position, spread, 5000, 30_000);
    expect([at(4), at(20), at(60), at(1000)]).toEqual([2, 5, 8, 8]);
    const crowd = new Set(Array.from({ length: 500 }, (_, n) => at(1000, spreadOf(`job-${n}`))));
    expect([...crowd].sort((a, b) => a - b)).toEqual([6, 7, 8, 9, 10]);
  });
});

describe("the rate at which runners come free", () => {
  const counts = (idle: number) => ({ idle, target: 4, healthy: 4 });

  it("counts what turned idle since the last snapshot, also where a claim took some of it meanwhile", () => {
    expect(countFreed(row(1), 2000, counts(3), 2000, 10_000)).toBe(2);
    // one reserved between the two: it was idle before and is not now
    expect(countFreed(row(1, { settled: [[1500, 1]] }), 2000, counts(0), 2000, 10_000)).toBe(0);
    expect(countFreed(row(1, { settled: [[1500, 1]] }), 2000, counts(2), 2000, 10_000)).toBe(2);
    // reserved after the question: this snapshot may not show it yet
    expect(countFreed(row(1, { settled: [[2500, 1]] }), 2000, counts(1), 2600, 10_000)).toBe(0);
  });

  it("counts nothing over a gap, a failure or a drain: nobody knows when that was", () => {
    expect(countFreed(row(0), 20_000, counts(9), 20_000, 10_000)).toBe(0);
    expect(countFreed(row(0, { isFailing: true }), 2000, counts(9), 2000, 10_000)).toBe(0);
    expect(countFreed(row(0), 2000, null, 2000, 10_000)).toBe(0);
    expect(countFreed(row(0, { drainedUntil: 9e15 }), 2000, counts(9), 2000, 10_000)).toBe(0);
  });

  it("is measured only while somebody could not be served, and is forgotten after two windows", () => {
    // `freed` runners came free in all snapshots so far; `idle` stand idle, and one job waits
    const at = (rate: FreedRate, now: number, freed: number, idle: number) =>
      countRate(rate, capacityOf({ a: row(idle, { freed, askedAt: now }) }), 1, now, 10_000);
    let rate = at(freedRateUnknown, 1_000_000, 0, 1);
    rate = at(rate, 1_001_000, 5, 0);
    expect(rate).toMatchObject({ scarceMs: 0, freed: 0 });
    rate = at(rate, 1_003_000, 7, 0);
    rate = at(rate, 1_004_000, 8, 1);
    rate = at(rate, 1_009_000, 15, 1);
    expect(rate).toMatchObject({ scarceMs: 3_000, freed: 3 });
    // nobody looked for 20 s
    rate = at(rate, 1_010_000, 15, 0);
    rate = at(rate, 1_030_000, 20, 1);
    expect(rate).toMatchObject({ scarceMs: 3_000, freed: 3 });
    rate = at(rate, 1_000_000 + freedWindowMs, 20, 0);
    expect(rate).toMatchObject({ scarceMs: 0, freed: 0, scarceMsBefore: 3_000, freedBefore: 3 });
    rate = at(rate, 1_000_000 + 4 * freedWindowMs, 20, 0);
    expect(rate).toMatchObject({ scarceMsBefore: 0, freedBefore: 0 });
  });

  it("says nothing of a profile where runners stand idle, or of which nothing is heard", () => {
    expect(isScarce(capacityOf({ a: row(2) }), 0, 1000, 10_000)).toBe(false);
    expect(isScarce(capacityOf({ a: row(2) }), 2, 1000, 10_000)).toBe(false);
    expect(isScarce(capacityOf({ a: row(2) }), 3, 1000, 10_000)).toBe(true);
    expect(isScarce(capacityOf({ a: row(0) }), 0, 1000, 10_000)).toBe(true);
    expect(isScarce(capacityOf({ a: row(0, { target: 0 }) }), 3, 1000, 10_000)).toBe(false);
    expect(isScarce(capacityOf({ a: row(0, { isFailing: true }) }), 3, 1000, 10_000)).toBe(false);
    expect(isScarce(capacityOf({}), 3, 1000, 10_000)).toBe(false);
  });
});

describe("an estimate", () => {
  /** One in ten seconds, known from so many. */
  const known = (freed: number) => ({ ...freedRateUnknown, freed, scarceMs: freed * 10_000 });

  it("is unknown where too little was seen", () => {
    expect(estimateWait(freedRateUnknown, 1)).toBeNull();
    expect(estimateWait(known(2), 1)).toBeNull();
    expect(estimateWait({ ...known(5), freed: -3 }, 1)).toBeNull();
    expect(maxRunnersWithin(known(2), 1000)).toBeUndefined();
  });

  it("is narrower the more is known and the more have to come, and begins at once where there are enough", () => {
    expect(estimateWait(known(4), 1)).toEqual({ lowSeconds: 2, highSeconds: 42 });
    expect(estimateWait(known(100), 1)).toEqual({ lowSeconds: 2, highSeconds: 37 });
    expect(estimateWait(known(100), 50)).toEqual({ lowSeconds: 400, highSeconds: 625 });
    expect(estimateWait(known(100), 0)).toEqual({ lowSeconds: 0, highSeconds: 37 });
  });

  it("holds for eight of ten waits where runners come free by chance", () => {
    // A linear congruential generator: the same numbers every time.
    let seed = 12_345;
    const random = () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return (seed + 1) / 2_147_483_649;
    };
    const timeUntil = (events: number) =>
      Array.from({ length: events }, () => -Math.log(random()) * 10_000).reduce((sum, ms) => sum + ms, 0);
    for (const [seen, before] of [
      [5, 1],
      [5, 10],
      [30, 3],
      [200, 50],
    ] as const) {
      let inside = 0;
      const tries = 4_000;
      for (let at = 0; at < tries; at++) {
        const estimate = estimateWait({ ...freedRateUnknown, freed: seen, scarceMs: timeUntil(seen) }, before);
        const seconds = timeUntil(before) / 1000;
        if (estimate !== null && estimate.lowSeconds <= seconds && seconds <= estimate.highSeconds) inside += 1;
      }
      expect(inside / tries).toBeGreaterThan(0.75);
      expect(inside / tries).toBeLessThan(0.9);
    }
  });

  it("and the most runners within a time are two sides of one rule", () => {
    for (const waitMs of [0, 500, 20_000, 600_000]) {
      const most = maxRunnersWithin(known(20), waitMs) ?? Number.NaN;
      const low = (before: number) => estimateWait(known(20), before)?.lowSeconds ?? 0;
      if (most > 0) expect(low(most)).toBeLessThanOrEqual(waitMs / 1000);
      expect(low(most + 2) + 1).toBeGreaterThan(waitMs / 1000);
    }
  });
});

describe("placement", () => {
  it("asks the monitor with the most idle first, and as few monitors as that allows", () => {
    const fleet = { a: row(2), b: row(3), c: row(1) };
    expect(planLegs(new Map(Object.entries(fleet)), 4, 1000, 10_000, 2, () => true)).toEqual({
      kind: "legs",
      legs: [
        { monitor: "b", runners: 3 },
        { monitor: "a", runners: 1 },
      ],
    });
  });

  it("asks nobody who is full, failing, stale, empty, blocked, or has MONITOR_MAX_INFLIGHT takes", () => {
    const fleet = {
      full: row(2, { out: [["c", 1, 9000]], settled: [[1001, 1]] }),
      failing: row(9, { isFailing: true }),
      stale: row(9, { askedAt: -20_000 }),
      empty: row(9, { emptyAt: 1000 }),
      blocked: row(9, { blockedUntil: 2000 }),
      busy: row(9, {
        out: [
          ["c", 1, 9000],
          ["d", 1, 9000],
        ],
      }),
    };
    expect(planLegs(new Map(Object.entries(fleet)), 1, 1000, 10_000, 2, () => true)).toEqual({ kind: "busy" });
  });
});

it("a monitor's back-off starts with its second refusal and doubles up to 30 s", () => {
  expect([1, 2, 3, 4, 7, 50].map(decideTakeBackoffMs)).toEqual([0, 1000, 2000, 4000, 30_000, 30_000]);
});

it("older news of a monitor never replaces newer", () => {
  const newer = withSnapshot(row(0), 2000, { idle: 1, target: 2, healthy: 2 }, 2000);
  expect(withSnapshot(newer, 1000, { idle: 5, target: 5, healthy: 5 }, 2000)).toEqual(newer);
  expect(withSnapshot(newer, 1000, null, 2000)).toEqual(newer);
});

describe("evidence", () => {
  const ticket = { uniqueId: "a", profileKey: "p", runnerCount: 1, qualifiedRepo: "o/r", runId: "1", place: 1_000_000 };
  const leg = { monitor: "ci0", runners: 1, state: "unknown" as const, evidenceAfter: 5000, holdUntil: 90_000 };
  const job = {
    ...createJob(ticket, 0, 1000, settings),
    state: "claimed" as const,
    asked: { ci1: 500 },
    claim: { id: "c", owner: "o", leaseUntil: 0, at: 1000, needed: 1, legs: [leg] },
  };
  const rules = { monitorSettleMs: 25_000, unknownHoldMs: 90_000, sendWithinMs: 2000 };
  const needs = planEvidence(job, ["ci0", "ci1", "ci2"], null, 2000, rules);
  const seen = (monitor: string, ...ids: string[]) => ({
    kind: "seen" as const,
    runners: ids.map((id) => ({ monitor, id, body: "{}" })),
    ambiguous: [],
  });

  it("is looked for at every monitor that was ever asked, and at no other", () => {
    expect(needs.map(({ monitor, after }) => [monitor, after])).toEqual([
      ["ci1", 2000],
      ["ci0", 5000],
    ]);
  });

  it("is looked for at all monitors where the store may have forgotten a claim, once they can no longer be at work on it", () => {
    const all = planEvidence({ ...job, claim: undefined } as never, ["ci0", "ci1", "ci2"], 1000, 2000, rules);
    expect(all.map(({ monitor, after, afterBlind, until }) => [monitor, after, afterBlind, until])).toEqual(
      ["ci0", "ci1", "ci2"].map((one) => [one, 6_000, 28_000, 93_000]),
    );
  });

  it("says taken as soon as the runner is found, also where it was not expected", () => {
    expect(decideByEvidence(job, needs, new Map([["ci0", seen("ci0", "7")]]), null)).toMatchObject({
      claimId: "c",
      legs: [{ state: "taken" }],
      found: [],
    });
    expect(decideByEvidence(job, needs, new Map([["ci1", seen("ci1", "7")]]), null)).toMatchObject({
      legs: [{ state: "refused" }],
      found: [{ monitor: "ci1", id: "7" }],
    });
  });

  it("says refused only when every monitor was looked at or can hold nothing any more", () => {
    expect(decideByEvidence(job, needs, new Map([["ci0", seen("ci0")]]), null)).toBeNull();
    const complete = new Map<string, Evidence>([
      ["ci0", seen("ci0")],
      ["ci1", { kind: "none" as const }],
    ]);
    expect(decideByEvidence(job, needs, complete, null)).toMatchObject({
      legs: [{ state: "refused", cause: "not_reserved" }],
    });
  });

  it("does not count what is in hand or was let go", () => {
    const known = {
      ...job,
      runnersInHand: [{ monitor: "ci0", id: "1", body: "{}", since: 1000 }],
      spentRunners: ["ci0/2"],
      runnerCount: 2,
    };
    const complete = new Map([
      ["ci0", seen("ci0", "1", "2")],
      ["ci1", seen("ci1")],
    ]);
    expect(decideByEvidence(known, needs, complete, null)).toMatchObject({ legs: [{ state: "refused" }], found: [] });
  });
});
