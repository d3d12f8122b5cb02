// Which monitor is to blame that a job waits.
import { expect, it } from "vitest";
import type { FleetRow } from "../../../src/queue/fleet/fleet.ts";
import { findBlamedMonitor } from "../../../src/queue/line/blame.ts";
import { fleetOf, now, rowOf } from "../../support/queue-data.ts";

const drained = { drainedUntil: now + 1 };
const stale = { askedAt: now - 10_001 };
const refusing = { refusedJobs: ["b"] };

interface Case {
  readonly name: string;
  readonly reason: string;
  readonly rows: Record<string, FleetRow>;
  readonly missing?: number;
  readonly expected: string;
}

it.each<Case>([
  {
    name: "a drained one has what is missing",
    reason: "no_capacity",
    rows: { ci0: rowOf(0), ci1: rowOf(1, drained) },
    expected: "ci1",
  },
  { name: "also for those behind others", reason: "not_your_turn", rows: { ci1: rowOf(1, drained) }, expected: "ci1" },
  { name: "it has too little", reason: "no_capacity", rows: { ci1: rowOf(1, drained) }, missing: 2, expected: "" },
  {
    name: "together they have enough: the one with most",
    reason: "no_capacity",
    rows: { ci0: rowOf(1, drained), ci1: rowOf(2, drained), ci2: rowOf(2, drained) },
    missing: 5,
    expected: "ci1",
  },
  { name: "its drain is over", reason: "no_capacity", rows: { ci1: rowOf(1, { drainedUntil: now }) }, expected: "" },
  {
    name: "its word is too old",
    reason: "no_capacity",
    rows: { ci1: rowOf(1, { ...drained, ...stale }) },
    expected: "",
  },
  {
    name: "nothing is missing, and nobody has anything",
    reason: "no_capacity",
    rows: { ci1: rowOf(0, drained) },
    missing: 0,
    expected: "",
  },
  {
    name: "a drained one's target would do",
    reason: "unsatisfiable_now",
    rows: { ci0: rowOf(0), ci1: rowOf(0, { ...drained, ...stale, target: 3 }) },
    missing: 3,
    expected: "ci1",
  },
  {
    name: "its target would not do",
    reason: "unsatisfiable_now",
    rows: { ci1: rowOf(5, { ...drained, target: 3 }) },
    missing: 4,
    expected: "",
  },
  {
    name: "the target of one that is not drained counts already",
    reason: "unsatisfiable_now",
    rows: { ci1: rowOf(5, { drainedUntil: now }) },
    expected: "",
  },
  {
    name: "one refuses",
    reason: "monitor_refuses",
    rows: { ci0: rowOf(1), ci1: rowOf(2, refusing) },
    missing: 9,
    expected: "ci1",
  },
  { name: "it has nothing to refuse", reason: "monitor_refuses", rows: { ci1: rowOf(0, refusing) }, expected: "" },
  {
    name: "one that is drained refuses nobody",
    reason: "monitor_refuses",
    rows: { ci1: rowOf(2, { ...refusing, ...drained }) },
    expected: "",
  },
  {
    name: "its drain ended just now",
    reason: "monitor_refuses",
    rows: { ci1: rowOf(2, { ...refusing, drainedUntil: now }) },
    expected: "ci1",
  },
  {
    name: "one whose word is too old",
    reason: "monitor_refuses",
    rows: { ci1: rowOf(2, { ...refusing, ...stale }) },
    expected: "",
  },
  {
    name: "no monitor is to blame for another reason",
    reason: "profile_paused",
    rows: { ci1: rowOf(2, { ...refusing, ...drained }) },
    missing: 0,
    expected: "",
  },
  { name: "no monitor at all", reason: "no_capacity", rows: {}, missing: 0, expected: "" },
])("$reason: $name", ({ reason, rows, missing = 1, expected }) => {
  expect(findBlamedMonitor(fleetOf(rows), reason, missing, now, 10_000)).toBe(expected);
});
