// A snapshot: what one monitor says of a profile. Older news changes nothing.
import { describe, expect, it } from "vitest";
import { type FleetRow, noSnapshot, snapshotOf } from "../../../src/queue/fleet/fleet.ts";
import {
  forgetMonitorOperation,
  type SnapshotCommand,
  snapshotOperation,
} from "../../../src/queue/operations/snapshot.ts";
import { capacityOf, now, rowOf, viewOf } from "../../support/queue-data.ts";

const counts = { idle: 3, target: 9, healthy: 8 };
const command: SnapshotCommand = {
  profileKey: "linux",
  monitor: "ci0",
  askedAt: now,
  counts,
  drained: { drainedAt: 0, drainedUntil: 0 },
};
function say(more: Partial<SnapshotCommand>, row: FleetRow | null = rowOf(1), view = {}) {
  const capacity = capacityOf(row === null ? {} : { ci0: row });
  const decision = snapshotOperation({ ...command, ...more }).decide(viewOf({ capacity, ...view }));
  return { ...decision, capacity };
}

it("reads whose turn it is, and whether anybody waits", () => {
  const { name, profileKey, reads } = snapshotOperation(command);
  expect({ name, profileKey, reads }).toEqual({
    name: "snapshot",
    profileKey: "linux",
    reads: { front: true, sizes: true },
  });
});

describe("a monitor's word is written", () => {
  const read = { ...snapshotOf(rowOf(1)), ...counts, askedAt: now };
  it.each([
    {
      name: "with what came free since the last",
      row: rowOf(1, { freed: 5 }),
      said: {},
      expected: { ...read, freed: 7 },
    },
    { name: "and what vanished", row: rowOf(4, { freed: 5 }), said: {}, expected: { ...read, freed: 4 } },
    {
      name: "for the first time: nobody knows what came free",
      row: null,
      said: {},
      expected: { ...noSnapshot, ...counts, askedAt: now },
    },
    {
      name: "that it failed",
      row: rowOf(1, { freed: 5 }),
      said: { counts: null },
      expected: { ...snapshotOf(rowOf(1)), isFailing: true, freed: 5 },
    },
    {
      name: "with the last word of an operator: nothing is counted across a drain",
      row: rowOf(1),
      said: { drained: { drainedAt: 5, drainedUntil: now + 1 } },
      expected: { ...read, drainedAt: 5, drainedUntil: now + 1 },
    },
    {
      name: "the operator's alone, where the news is old",
      row: rowOf(1, { freed: 5 }),
      said: { askedAt: now - 5_000, drained: { drainedAt: 5, drainedUntil: 6 } },
      expected: { ...snapshotOf(rowOf(1)), freed: 5, drainedAt: 5, drainedUntil: 6 },
    },
  ])("$name", ({ row, said, expected }) => {
    const { change, capacity } = say(said, row);
    expect(change?.snapshots).toEqual(new Map([["ci0", expected]]));
    expect(capacity.rows.get("ci0")).toMatchObject(expected);
  });

  it.each([
    { name: "older", said: { askedAt: now - 1_001 }, row: rowOf(1) },
    { name: "failing, as before", said: { counts: null }, row: rowOf(1, { isFailing: true }) },
  ])("not where it is no news: $name", ({ said, row }) => {
    const { change, answer } = say(said, row);
    expect([change, answer]).toEqual([undefined, false]);
  });
});

describe("others are told", () => {
  it.each([
    { name: "of room", row: rowOf(0), said: {}, expected: { makesRoom: true, raisesRoom: false } },
    {
      name: "of a single runner",
      row: rowOf(0),
      said: { counts: { ...counts, idle: 1 } },
      expected: { makesRoom: true, raisesRoom: false },
    },
    { name: "of room as before", row: rowOf(3), said: {}, expected: { makesRoom: true, raisesRoom: false } },
    { name: "of less than they counted on", row: rowOf(4), said: {}, expected: { makesRoom: true, raisesRoom: true } },
    {
      name: "of none",
      row: rowOf(4),
      said: { counts: { ...counts, idle: 0 } },
      expected: { makesRoom: false, raisesRoom: true },
    },
    {
      name: "of none, as before",
      row: rowOf(0),
      said: { counts: { ...counts, idle: 0 } },
      expected: { makesRoom: false, raisesRoom: false },
    },
    {
      name: "of a higher target: other jobs can be served now",
      row: rowOf(3),
      said: { counts: { ...counts, target: 10 } },
      expected: { makesRoom: true, raisesRoom: true },
    },
    {
      name: "of a lower one",
      row: rowOf(3),
      said: { counts: { ...counts, target: 8 } },
      expected: { makesRoom: true, raisesRoom: true },
    },
    { name: "that it fails", row: rowOf(3), said: { counts: null }, expected: { makesRoom: false, raisesRoom: true } },
    { name: "of a new monitor", row: null, said: {}, expected: { makesRoom: true, raisesRoom: true } },
  ])("$name", ({ row, said, expected }) => {
    expect(say(said, row).change).toMatchObject(expected);
  });
});

describe("news of a monitor is wanted soon", () => {
  const one = [{ need: 1, jobs: 1 }];
  const sizes = { line: [], aside: [], claimed: [] };
  it.each([
    { name: "not, if nobody waits", row: rowOf(1), view: {}, expected: false },
    {
      name: "not for those that are claimed elsewhere",
      row: rowOf(1),
      view: { sizes: { ...sizes, claimed: one } },
      expected: false,
    },
    { name: "if somebody waits in line", row: rowOf(1), view: { sizes: { ...sizes, line: one } }, expected: true },
    { name: "or aside", row: rowOf(1), view: { sizes: { ...sizes, aside: one } }, expected: true },
    { name: "or a take is under way there", row: rowOf(1, { out: [["c", 1, now + 9]] }), view: {}, expected: true },
    {
      name: "or what was reserved there is not visible yet",
      row: rowOf(1, { settled: [[now, 1]] }),
      view: {},
      expected: true,
    },
    {
      name: "not, if it is visible by this word",
      row: rowOf(1, { settled: [[now - 1, 1]] }),
      view: {},
      expected: false,
    },
  ] as { name: string; row: FleetRow; view: object; expected: boolean }[])("$name", ({ row, view, expected }) => {
    expect(say({}, row, view).answer).toBe(expected);
  });

  it("also where it is no news", () => {
    expect(say({ askedAt: 1 }, rowOf(1), { sizes: { ...sizes, line: one } }).answer).toBe(true);
  });
});

it("a monitor that is no part of the fleet any more is forgotten, and claims that counted on it fail", () => {
  const forget = forgetMonitorOperation("linux", "ci0");
  expect([forget.name, forget.profileKey, forget.reads]).toEqual(["forget_monitor", "linux", {}]);
  expect(forget.decide(viewOf())).toEqual({ answer: null, change: { removed: ["ci0"], raisesRoom: true } });
  expect(forgetMonitorOperation("linux", "ci9").decide(viewOf())).toEqual({ answer: null });
});
