// How much a fleet can give. A total that is kept must always say what one worked out anew would
// say.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Capacity, sumCapacity } from "../../../src/queue/fleet/capacity.ts";
import { availableRunners, type FleetRow, isHeardLately, servableAt } from "../../../src/queue/fleet/fleet.ts";
import { capacityOf, now, rowOf } from "../../support/queue-data.ts";

const freshMs = 10_000;
const anew = (rows: Iterable<FleetRow>, at: number) => {
  const all = [...rows];
  const sum = (part: (row: FleetRow) => number) => all.reduce((total, row) => total + part(row), 0);
  return {
    available: sum((row) => availableRunners(row, at, freshMs)),
    servable: sum((row) => servableAt(row, at)),
    heard: sum((row) => (isHeardLately(row, at) ? 1 : 0)),
  };
};

it("an empty fleet can give nothing, and nobody was heard", () => {
  expect(capacityOf({}).totals(now)).toEqual({ available: 0, servable: 0, heard: 0 });
});

it("totals are the sums over all monitors", () => {
  const capacity = capacityOf({ ci0: rowOf(2), ci1: rowOf(3, { target: 4 }), ci2: rowOf(8, { isFailing: true }) });
  expect(capacity.totals(now)).toEqual({ available: 5, servable: 22, heard: 3 });
});

describe("a changed row changes totals that hold by its own part", () => {
  it.each([
    { name: "another word", row: rowOf(4, { target: 1 }), expected: { available: 7, servable: 10, heard: 2 } },
    { name: "failing", row: rowOf(4, { isFailing: true }), expected: { available: 3, servable: 18, heard: 2 } },
    { name: "gone", row: null, expected: { available: 3, servable: 9, heard: 1 } },
  ])("$name", ({ row, expected }) => {
    const capacity = capacityOf({ ci0: rowOf(2), ci1: rowOf(3) });
    capacity.totals(now);
    capacity.set("ci0", row, now);
    expect(capacity.totals(now)).toEqual(expected);
  });

  it("a new monitor adds to them", () => {
    const capacity = capacityOf({ ci0: rowOf(2) });
    capacity.totals(now);
    capacity.set("ci1", rowOf(1), now);
    expect(capacity.totals(now)).toEqual({ available: 3, servable: 18, heard: 2 });
    expect([...capacity.rows.keys()]).toEqual(["ci0", "ci1"]);
  });

  it("its time counts from then on", () => {
    const capacity = capacityOf({ ci0: rowOf(2) });
    capacity.totals(now);
    capacity.set("ci1", rowOf(1, { drainedUntil: now + 5 }), now);
    expect(capacity.totals(now + 4).available).toBe(2);
    expect(capacity.totals(now + 5).available).toBe(3);
  });

  it("after all was cleared nothing is left", () => {
    const capacity = capacityOf({ ci0: rowOf(2) });
    capacity.totals(now);
    capacity.clear();
    expect([capacity.totals(now), capacity.rows.size]).toEqual([{ available: 0, servable: 0, heard: 0 }, 0]);
  });
});

describe("totals end with what changes by time alone", () => {
  const order = { bootAt: 1, seq: 1 };
  const pulled = {
    claimId: "c",
    uniqueId: "a",
    runners: 1,
    qualifiedRepo: "o/r",
    runId: "1",
    state: "taken",
    order: { bootAt: 1, seq: 2 },
  };
  it.each([
    { name: "a drain ends", row: { drainedUntil: now + 50 }, at: now + 50, before: 0, after: 3 },
    { name: "a back-off ends", row: { blockedUntil: now + 50 }, at: now + 50, before: 0, after: 3 },
    { name: "a word is too old", row: { askedAt: now - 9_950 }, at: now + 51, before: 3, after: 0 },
    {
      name: "a monitor that fetches is there no more",
      row: { pull: { ...order, presentUntil: now + 50 } },
      at: now + 50,
      before: 3,
      after: 0,
    },
    {
      name: "what such a monitor took is forgotten",
      row: { pull: { ...order, presentUntil: now + 9_000 }, pulled: [{ ...pulled, until: now + 50 }] },
      at: now + 50,
      before: 2,
      after: 3,
    },
    { name: "a leg counts no more", row: { out: [["c", 1, now + 50]] }, at: now + 50, before: 2, after: 3 },
    { name: "a word from the future", row: { askedAt: now + 3_000 }, at: now + 1_000, before: 0, after: 3 },
    { name: "a refusal from the future", row: { emptyAt: now + 3_000 }, at: now + 1_000, before: 3, after: 0 },
    { name: "a back-off from the future", row: { blockedUntil: now + 62_050 }, at: now + 50, before: 3, after: 0 },
    {
      name: "a reservation from the future",
      row: { settled: [[now + 3_000, 1]] },
      at: now + 1_000,
      before: 3,
      after: 2,
    },
  ] as { name: string; row: Partial<FleetRow>; at: number; before: number; after: number }[])(
    "$name",
    ({ row, at, before, after }) => {
      const capacity = capacityOf({ ci0: rowOf(3, row) });
      expect(capacity.totals(now).available).toBe(before);
      expect(capacity.totals(at).available).toBe(after);
      // and the other way: the clock was set back
      expect(capacity.totals(now).available).toBe(before);
    },
  );

  it("a target is remembered for a minute", () => {
    const capacity = capacityOf({ ci0: rowOf(3, { askedAt: now - 30_000 }) });
    expect([now, now + 29_999, now + 30_000].map((at) => capacity.totals(at).servable)).toEqual([9, 9, 0]);
  });

  it("the earliest of all monitors", () => {
    const capacity = capacityOf({
      ci0: rowOf(1, { drainedUntil: now + 50 }),
      ci1: rowOf(2, { drainedUntil: now + 30 }),
      ci2: rowOf(4, { drainedUntil: now + 40 }),
    });
    expect([0, 29, 30, 40, 50].map((ms) => capacity.totals(now + ms).available)).toEqual([0, 0, 2, 6, 7]);
  });
});

it("totals that hold are not worked out again", () => {
  const capacity = capacityOf({ ci0: rowOf(3) });
  const first = capacity.totals(now);
  expect(capacity.totals(now)).toBe(first);
  expect(capacity.totals(now + 9_000)).toBe(first);
  expect(capacity.totals(now + 9_001)).not.toBe(first);
});

it("a word counts from when it was heard: not where the clock was set back before that", () => {
  const capacity = capacityOf({ ci0: rowOf(3) });
  capacity.totals(now);
  capacity.set("ci1", rowOf(2, { askedAt: now + 5_000 }), now + 5_000);
  expect([now + 5_000, now + 2_000].map((at) => capacity.totals(at).available)).toEqual([5, 3]);
});

it("nor where a time is just over, or a monitor has gone", () => {
  const capacity = capacityOf({ ci0: rowOf(3, { drainedUntil: now }), ci1: rowOf(1) });
  capacity.totals(now);
  capacity.set("ci1", null, now);
  const first = capacity.totals(now);
  expect(capacity.totals(now)).toBe(first);
  expect(first.available).toBe(3);
});

it("whatever happens in whatever order, the totals are those that one would work out anew", () => {
  const time = fc.integer({ min: -15_000, max: 70_000 }).map((ms) => now + ms);
  const row = fc
    .record({
      idle: fc.nat(4),
      askedAt: time,
      emptyAt: time,
      blockedUntil: time,
      drainedUntil: time,
      isFailing: fc.boolean(),
      refusedJobs: fc.constantFrom<string[]>([], ["a"], ["a", "b"]),
      out: fc.array(fc.tuple(fc.constant("c"), fc.integer({ min: 1, max: 2 }), time), { maxLength: 2 }),
      settled: fc.array(fc.tuple(time, fc.integer({ min: 1, max: 2 })), { maxLength: 1 }),
    })
    .map((more): FleetRow => rowOf(0, more));
  const step = fc.record({
    advanceMs: fc.oneof(fc.nat(200), fc.integer({ min: -5_000, max: 20_000 })),
    monitor: fc.constantFrom("ci0", "ci1", "ci2"),
    row: fc.option(row),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const capacity = new Capacity(freshMs);
      let at = now;
      for (const { advanceMs, monitor, row: next } of steps) {
        at += advanceMs;
        capacity.set(monitor, next, at);
        expect(capacity.totals(at)).toEqual(anew(capacity.rows.values(), at));
      }
    }),
    { seed: 7, numRuns: 300 },
  );
});

it.each([
  { name: "no monitor", rows: [], expected: { idle: 0, claimed: 0, available: 0, healthy: 0, target: 0 } },
  {
    name: "two that are well",
    rows: [rowOf(2, { healthy: 3, target: 4 }), rowOf(1, { healthy: 1, target: 1 })],
    expected: { idle: 3, claimed: 0, available: 3, healthy: 4, target: 5 },
  },
  {
    name: "of one that fails only the target counts, and what is out there",
    rows: [rowOf(2, { isFailing: true, out: [["c", 1, now + 1]] }), rowOf(3, { out: [["c", 1, now + 1]] })],
    expected: { idle: 3, claimed: 2, available: 2, healthy: 9, target: 18 },
  },
] as { name: string; rows: FleetRow[]; expected: object }[])(
  "operators see how a fleet stands: $name",
  ({ rows, expected }) => {
    expect(sumCapacity(rows, now, freshMs)).toEqual(expected);
  },
);
