// Whose turn it is.
import { describe, expect, it } from "vitest";
import type { FleetRow } from "../../../src/queue/fleet/fleet.ts";
import { claimableJobs, decideTurn, freePlaces } from "../../../src/queue/line/turn.ts";
import { capacityOf, now, rowOf, settings } from "../../support/queue-data.ts";

const leg = (id = "c"): FleetRow["out"][number] => [id, 1, now + 9_000];
const stale = { askedAt: now - 10_001 };
const unheard = { askedAt: now - 60_000 };

interface Case {
  readonly name: string;
  readonly rows: Record<string, FleetRow>;
  readonly needed?: number;
  readonly rank?: number;
  readonly strange?: readonly string[];
  readonly expected: object;
}

describe("a job claims if and only if those ahead of it and itself fit in the capacity", () => {
  it.each<Case>([
    {
      name: "nobody ahead, one free",
      rows: { ci0: rowOf(1) },
      expected: { kind: "claim", legs: [{ monitor: "ci0", runners: 1 }] },
    },
    {
      name: "exactly enough for those ahead and itself",
      rows: { ci0: rowOf(3) },
      needed: 2,
      rank: 1,
      expected: { kind: "claim", legs: [{ monitor: "ci0", runners: 2 }] },
    },
    {
      name: "one too few: not its turn",
      rows: { ci0: rowOf(3) },
      needed: 2,
      rank: 2,
      expected: { kind: "wait", reason: "not_your_turn", runnersBefore: 1 },
    },
    {
      name: "nobody ahead, one too few: no capacity",
      rows: { ci0: rowOf(3) },
      needed: 4,
      expected: { kind: "wait", reason: "no_capacity", runnersBefore: 1 },
    },
    {
      name: "nothing free, somebody ahead: no capacity",
      rows: { ci0: rowOf(0) },
      rank: 2,
      expected: { kind: "wait", reason: "no_capacity", runnersBefore: 3 },
    },
    {
      name: "as many as all targets",
      rows: { ci0: rowOf(0), ci1: rowOf(0) },
      needed: 18,
      expected: { kind: "wait", reason: "no_capacity", runnersBefore: 18 },
    },
    {
      name: "more than all targets",
      rows: { ci0: rowOf(0), ci1: rowOf(0) },
      needed: 19,
      expected: { kind: "wait", reason: "unsatisfiable_now", runnersBefore: null },
    },
    {
      name: "no monitor at all",
      rows: {},
      expected: { kind: "wait", reason: "fleet_unknown", runnersBefore: null },
    },
    {
      name: "none was heard of for a minute",
      rows: { ci0: rowOf(1, unheard) },
      expected: { kind: "wait", reason: "fleet_unknown", runnersBefore: null },
    },
    {
      name: "none was heard of for a minute but one with no target",
      rows: { ci0: rowOf(1, unheard), ci1: rowOf(0, { target: 0 }) },
      expected: { kind: "wait", reason: "unsatisfiable_now", runnersBefore: null },
    },
    {
      name: "the monitors that have enough are at their limit of takes",
      rows: { ci0: rowOf(4, { out: [leg("c"), leg("d")] }) },
      expected: { kind: "wait", reason: "monitors_busy", runnersBefore: 0 },
    },
    {
      name: "this instance does not know the monitor that would serve it",
      rows: { ci0: rowOf(1), ci1: rowOf(0) },
      strange: ["ci0"],
      expected: { kind: "wait", reason: "monitors_busy", runnersBefore: 0, unknownMonitors: ["ci0"] },
    },
  ])("$name", ({ rows, needed = 1, rank = 0, strange = [], expected }) => {
    const canReach = (monitor: string) => !strange.includes(monitor);
    expect(decideTurn(capacityOf(rows), needed, rank, now, settings, canReach)).toEqual(expected);
  });
});

describe("why no runner is free", () => {
  const refusing = { refusedJobs: ["b"], emptyAt: now };
  it.each<Case>([
    {
      name: "some are, and their monitor refuses",
      rows: { ci0: rowOf(1, refusing) },
      expected: { reason: "monitor_refuses" },
    },
    {
      name: "another has nothing",
      rows: { ci0: rowOf(0), ci1: rowOf(1, refusing) },
      expected: { reason: "monitor_refuses" },
    },
    { name: "it refuses and has none", rows: { ci0: rowOf(0, refusing) }, expected: { reason: "no_capacity" } },
    {
      name: "it has some and refused nobody",
      rows: { ci0: rowOf(1, { emptyAt: now }) },
      expected: { reason: "no_capacity" },
    },
    {
      name: "it is drained",
      rows: { ci0: rowOf(1, { ...refusing, drainedUntil: now + 1 }), ci1: rowOf(0) },
      expected: { reason: "no_capacity" },
    },
    {
      name: "its drain ends now",
      rows: { ci0: rowOf(1, { ...refusing, drainedUntil: now }) },
      expected: { reason: "monitor_refuses" },
    },
    {
      name: "it is failing",
      rows: { ci0: rowOf(1, { ...refusing, isFailing: true }) },
      expected: { reason: "no_capacity" },
    },
    {
      name: "its word is too old",
      rows: { ci0: rowOf(1, { ...refusing, ...stale }) },
      expected: { reason: "no_capacity" },
    },
    {
      name: "its word is just fresh",
      rows: { ci0: rowOf(1, { ...refusing, askedAt: now - 10_000 }) },
      expected: { reason: "monitor_refuses" },
    },
  ])("$name", ({ rows, expected }) => {
    expect(decideTurn(capacityOf(rows), 1, 0, now, settings, () => true)).toMatchObject({ kind: "wait", ...expected });
  });
});

describe("who is woken when room appears", () => {
  const line = (...needs: number[]) => needs.map((need, at) => ({ uniqueId: `j${at + 1}`, need }));
  const roomy = { ...settings, monitorMaxInflight: 50 };
  it.each([
    { name: "nobody waits", idle: 2, needs: [], expected: [] },
    { name: "nothing is free", idle: 0, needs: [1, 1], expected: [] },
    { name: "as many as fit", idle: 2, needs: [1, 1, 1], expected: ["j1", "j2"] },
    { name: "nobody overtakes a job that has not enough", idle: 2, needs: [1, 2, 1], expected: ["j1"] },
    { name: "nor the first", idle: 2, needs: [3, 1], expected: [] },
    {
      name: "one that all monitors together could not serve holds nobody back",
      idle: 2,
      needs: [10, 2],
      expected: ["j2"],
    },
    { name: "one that they could just serve does", idle: 2, needs: [9, 2], expected: [] },
  ])("$name", ({ idle, needs, expected }) => {
    expect(claimableJobs(capacityOf({ ci0: rowOf(idle) }), line(...needs), now, roomy)).toEqual(expected);
  });

  it("no more than monitors can be asked for at once", () => {
    const two = capacityOf({ ci0: rowOf(9), ci1: rowOf(9, { out: [leg()] }) });
    expect(claimableJobs(two, line(1, 1, 1, 1, 1), now, settings)).toEqual(["j1", "j2", "j3"]);
  });

  it("nobody, where the monitors that have runners are at their limit of takes", () => {
    const busy = capacityOf({ ci0: rowOf(9, { out: [leg("c"), leg("d")] }) });
    expect(claimableJobs(busy, line(1, 1), now, settings)).toEqual([]);
  });

  it("reads the line no further than the capacity and the places reach", () => {
    const read: string[] = [];
    function* reading(...needs: number[]) {
      for (const job of line(...needs)) {
        read.push(job.uniqueId);
        yield job;
      }
    }
    claimableJobs(capacityOf({ ci0: rowOf(2) }), reading(1, 1, 1), now, roomy);
    claimableJobs(capacityOf({ ci0: rowOf(5) }), reading(1, 1, 1), now, settings);
    claimableJobs(capacityOf({ ci0: rowOf(0) }), reading(1), now, settings);
    expect(read).toEqual(["j1", "j2", "j1", "j2"]);
  });
});

it.each([
  { name: "no monitor", rows: {}, expected: 0 },
  { name: "each has its own limit", rows: { ci0: rowOf(1), ci1: rowOf(1) }, expected: 4 },
  { name: "less what is out", rows: { ci0: rowOf(5, { out: [leg()] }), ci1: rowOf(1) }, expected: 3 },
  { name: "a leg that counts no more is not out", rows: { ci0: rowOf(5, { out: [["c", 1, now]] }) }, expected: 2 },
  { name: "one that has nothing to give has no place", rows: { ci0: rowOf(0), ci1: rowOf(1) }, expected: 2 },
  {
    name: "over its limit there is none, and others lose none by it",
    rows: { ci0: rowOf(9, { out: [leg("c"), leg("d"), leg("e")] }), ci1: rowOf(1) },
    expected: 2,
  },
])("takes that may be sent now: $name", ({ rows, expected }) => {
  expect(freePlaces(capacityOf(rows), now, settings)).toBe(expected);
});
