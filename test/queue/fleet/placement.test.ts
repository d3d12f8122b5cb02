// Which monitors are asked, and for how many runners each.
import { describe, expect, it } from "vitest";
import type { FleetRow } from "../../../src/queue/fleet/fleet.ts";
import { planLegs } from "../../../src/queue/fleet/placement.ts";
import { fleetOf, now, rowOf } from "../../support/queue-data.ts";

const leg = (id: string): FleetRow["out"][number] => [id, 1, now + 9_000];
function plan(rows: Record<string, FleetRow>, needed: number, strange: readonly string[] = []) {
  return planLegs(fleetOf(rows), needed, now, 10_000, 2, (monitor) => !strange.includes(monitor));
}
const legs = (asked: Record<string, number>) => ({
  kind: "legs",
  legs: Object.entries(asked).map(([monitor, runners]) => ({ monitor, runners })),
});

describe("the monitor with the most idle is asked first, and as few as that allows", () => {
  it.each([
    { name: "one is enough", rows: { ci0: rowOf(2), ci1: rowOf(3) }, needed: 3, expected: { ci1: 3 } },
    { name: "the first has exactly enough", rows: { ci0: rowOf(3), ci1: rowOf(2) }, needed: 3, expected: { ci0: 3 } },
    {
      name: "the rest comes from the next",
      rows: { ci0: rowOf(2), ci1: rowOf(3), ci2: rowOf(1) },
      needed: 4,
      expected: { ci1: 3, ci0: 1 },
    },
    {
      name: "all are needed",
      rows: { ci0: rowOf(2), ci1: rowOf(3), ci2: rowOf(1) },
      needed: 6,
      expected: { ci1: 3, ci0: 2, ci2: 1 },
    },
    {
      name: "what is claimed is not idle",
      rows: { ci0: rowOf(3, { settled: [[now, 2]] }), ci1: rowOf(2) },
      needed: 1,
      expected: { ci1: 1 },
    },
  ])("$name", ({ rows, needed, expected }) => {
    expect(plan(rows as Record<string, FleetRow>, needed)).toEqual(legs(expected as Record<string, number>));
  });
});

describe("where monitors are packed, the one with the fewest that are enough is asked first", () => {
  it.each([
    { name: "for one runner", rows: { ci0: rowOf(3), ci1: rowOf(1), ci2: rowOf(2) }, needed: 1, expected: { ci1: 1 } },
    { name: "for a gang", rows: { ci0: rowOf(4), ci1: rowOf(1), ci2: rowOf(2) }, needed: 2, expected: { ci2: 2 } },
    {
      name: "a gang that no monitor has enough for asks as few as may be",
      rows: { ci0: rowOf(1), ci1: rowOf(3), ci2: rowOf(2) },
      needed: 5,
      expected: { ci1: 3, ci2: 2 },
    },
    {
      name: "after those that are favoured",
      rows: { ci0: rowOf(1), fast: rowOf(9) },
      needed: 1,
      expected: { fast: 1 },
    },
  ])("$name", ({ rows, needed, expected }) => {
    const order = { favour: (monitor: string) => (monitor === "fast" ? 2 : 1), isPacked: true };
    const fleet = fleetOf(rows as Record<string, FleetRow>);
    const planned = planLegs(fleet, needed, now, 10_000, 2, () => true, order);
    expect(planned).toEqual(legs(expected as Record<string, number>));
  });
});

describe("the most favoured come first, whatever the others have", () => {
  const favour = (monitor: string) => ({ fast: 2, last: 0 })[monitor] ?? 1;
  it.each([
    { name: "one is enough", rows: { ci0: rowOf(9), fast: rowOf(1) }, needed: 1, expected: { fast: 1 } },
    {
      name: "the rest comes from the next by favour, then by idle",
      rows: { last: rowOf(9), ci0: rowOf(2), ci1: rowOf(3), fast: rowOf(1) },
      needed: 7,
      expected: { fast: 1, ci1: 3, ci0: 2, last: 1 },
    },
    { name: "not where it has none", rows: { ci0: rowOf(1), fast: rowOf(0) }, needed: 1, expected: { ci0: 1 } },
  ])("$name", ({ rows, needed, expected }) => {
    const fleet = fleetOf(rows as Record<string, FleetRow>);
    expect(planLegs(fleet, needed, now, 10_000, 2, () => true, { favour, isPacked: false })).toEqual(
      legs(expected as Record<string, number>),
    );
  });
});

describe("equals are spread", () => {
  it.each([
    { name: "fewer legs out first", ci0: rowOf(3, { out: [leg("c")] }), ci1: rowOf(2), expected: "ci1" },
    {
      name: "fewer legs out before longest unasked",
      ci0: rowOf(3, { out: [leg("c")], lastTakeAt: 1 }),
      ci1: rowOf(2, { lastTakeAt: 2 }),
      expected: "ci1",
    },
    {
      name: "a leg that counts no more is none",
      ci0: rowOf(2, { out: [["c", 1, now]] }),
      ci1: rowOf(2, { lastTakeAt: 1 }),
      expected: "ci0",
    },
    { name: "longest unasked", ci0: rowOf(2, { lastTakeAt: 2 }), ci1: rowOf(2, { lastTakeAt: 1 }), expected: "ci1" },
    { name: "at last by name", ci0: rowOf(2), ci1: rowOf(2), expected: "ci0" },
  ])("$name", ({ ci0, ci1, expected }) => {
    expect(plan({ ci0, ci1 }, 1)).toEqual(legs({ [expected]: 1 }));
    expect(plan({ ci1, ci0 }, 1)).toEqual(legs({ [expected]: 1 }));
  });

  it("by name, however many there are and in whatever order they are known", () => {
    const names = ["ci3", "ci1", "ci4", "ci0", "ci2"];
    const rows = (order: readonly string[]) => Object.fromEntries(order.map((name) => [name, rowOf(1)]));
    const expected = legs({ ci0: 1, ci1: 1, ci2: 1, ci3: 1, ci4: 1 });
    expect(plan(rows(names), 5)).toEqual(expected);
    expect(plan(rows(names.toReversed()), 5)).toEqual(expected);
  });
});

describe("nobody is asked", () => {
  it.each([
    { name: "where there is no monitor", row: null },
    { name: "that has nothing", row: rowOf(0) },
    { name: "that is full", row: rowOf(2, { out: [leg("c")], settled: [[now, 1]] }) },
    { name: "that fails", row: rowOf(9, { isFailing: true }) },
    { name: "whose word is too old", row: rowOf(9, { askedAt: now - 10_001 }) },
    { name: "that refused since its word", row: rowOf(9, { emptyAt: now }) },
    { name: "that takes leave alone", row: rowOf(9, { blockedUntil: now + 1 }) },
    { name: "that is drained", row: rowOf(9, { drainedUntil: now + 1 }) },
    { name: "that works on MONITOR_MAX_INFLIGHT takes", row: rowOf(9, { out: [leg("c"), leg("d")] }) },
    { name: "that has too few", row: rowOf(1) },
  ])("$name", ({ row }) => {
    expect(plan(row === null ? {} : { ci0: row }, row?.idle === 1 ? 2 : 1)).toEqual({ kind: "busy" });
  });

  it("of them holds back another that has enough", () => {
    expect(plan({ ci0: rowOf(9, { out: [leg("c"), leg("d")] }), ci1: rowOf(1) }, 1)).toEqual(legs({ ci1: 1 }));
    expect(plan({ ci0: rowOf(9, { out: [leg("c")] }) }, 1)).toEqual(legs({ ci0: 1 }));
  });
});

describe("an instance never claims where it cannot send", () => {
  it.each([
    {
      name: "others have enough",
      rows: { ci0: rowOf(9), ci1: rowOf(1) },
      needed: 1,
      strange: ["ci0"],
      expected: legs({ ci1: 1 }),
    },
    {
      name: "only together with strange ones",
      rows: { ci0: rowOf(2), ci1: rowOf(1) },
      needed: 3,
      strange: ["ci0"],
      expected: { kind: "elsewhere", monitors: ["ci0"] },
    },
    {
      name: "only strange ones have some",
      rows: { ci0: rowOf(2), ci1: rowOf(1) },
      needed: 1,
      strange: ["ci0", "ci1"],
      expected: { kind: "elsewhere", monitors: ["ci0", "ci1"] },
    },
    {
      name: "not even with strange ones",
      rows: { ci0: rowOf(2), ci1: rowOf(1) },
      needed: 4,
      strange: ["ci0"],
      expected: { kind: "busy" },
    },
    {
      name: "a strange one that has nothing does not matter",
      rows: { ci0: rowOf(0) },
      needed: 1,
      strange: ["ci0"],
      expected: { kind: "busy" },
    },
  ])("$name", ({ rows, needed, strange, expected }) => {
    expect(plan(rows as Record<string, FleetRow>, needed, strange)).toEqual(expected);
  });
});
