// Why a job waited, stretch by stretch.
import { describe, expect, it } from "vitest";
import { addWait, plainWait, type WaitStretch } from "../../../../src/queue/job/why/waits.ts";

const stretch = (since: number, reason: string, monitor = ""): WaitStretch => [since, reason, 2, 3, monitor];
const wait = (reason: string, monitor = "") => ({ reason, jobsAhead: 2, runnersAhead: 3, monitor });

it("a wait in which nobody else matters names nobody", () => {
  expect(plainWait("asleep")).toEqual({ reason: "asleep", jobsAhead: 0, runnersAhead: 0, monitor: "" });
});

describe("a stretch begins", () => {
  it.each([
    { name: "at the place, where it is the first", known: undefined, waitedMs: 7_000, expected: [stretch(0, "a")] },
    { name: "at the place, where none is left", known: [], waitedMs: 7_000, expected: [stretch(0, "a")] },
    {
      name: "with another reason, in whole seconds",
      known: [stretch(0, "b")],
      waitedMs: 7_999,
      expected: [stretch(0, "b"), stretch(7, "a")],
    },
    {
      name: "with another monitor to blame",
      known: [stretch(0, "a", "ci0")],
      waitedMs: 7_000,
      expected: [stretch(0, "a", "ci0"), stretch(7, "a")],
    },
    {
      name: "not before the last: the clock was set back",
      known: [stretch(0, "c"), stretch(9, "b")],
      waitedMs: 7_000,
      expected: [stretch(0, "c"), stretch(9, "b"), stretch(9, "a")],
    },
    {
      name: "again with a reason of before",
      known: [stretch(0, "a"), stretch(3, "b")],
      waitedMs: 7_000,
      expected: [stretch(0, "a"), stretch(3, "b"), stretch(7, "a")],
    },
  ])("$name", ({ known, waitedMs, expected }) => {
    expect(addWait(known, wait("a"), waitedMs)).toEqual(expected);
  });

  it("not where nothing is new: the list is the same one", () => {
    const known: WaitStretch[] = [[0, "a", 9, 9, ""]];
    expect(addWait(known, wait("a"), 7_000)).toBe(known);
  });
});

describe("of more than six stretches the shortest between the first and the last goes", () => {
  const at = (...times: number[]) => times.map((since, index) => stretch(since, `r${index}`));
  it.each([
    { name: "six are kept", times: [0, 10, 20, 30, 40], expected: ["r0", "r1", "r2", "r3", "r4", "a"] },
    { name: "the second", times: [0, 10, 11, 30, 40, 50], expected: ["r0", "r2", "r3", "r4", "r5", "a"] },
    { name: "one in the middle", times: [0, 10, 20, 21, 40, 50], expected: ["r0", "r1", "r3", "r4", "r5", "a"] },
    { name: "the last but one", times: [0, 10, 20, 30, 40, 59], expected: ["r0", "r1", "r2", "r3", "r4", "a"] },
    {
      name: "not the one that begins now",
      times: [0, 10, 20, 30, 40, 59.5],
      expected: ["r0", "r1", "r2", "r3", "r4", "a"],
    },
    { name: "the third", times: [0, 10, 20, 23, 40, 50], expected: ["r0", "r1", "r3", "r4", "r5", "a"] },
    { name: "the first of equals", times: [0, 10, 20, 30, 40, 50], expected: ["r0", "r2", "r3", "r4", "r5", "a"] },
    {
      name: "the first stays, however short",
      times: [0, 1, 20, 25, 40, 50],
      expected: ["r0", "r1", "r3", "r4", "r5", "a"],
    },
  ])("$name", ({ times, expected }) => {
    expect(addWait(at(...times), wait("a"), 60_000).map(([, reason]) => reason)).toEqual(expected);
  });

  it.each([
    {
      name: "of one reason",
      monitor: "",
      expected: [
        [0, "r0"],
        [10, "same"],
        [30, "r4"],
        [40, "r5"],
        [60, "a"],
      ],
    },
    {
      name: "not of two monitors",
      monitor: "ci0",
      expected: [
        [0, "r0"],
        [10, "same"],
        [21, "same"],
        [30, "r4"],
        [40, "r5"],
        [60, "a"],
      ],
    },
  ])("two that meet then are one, $name", ({ monitor, expected }) => {
    const known = [
      stretch(0, "r0"),
      stretch(10, "same"),
      stretch(20, "short"),
      stretch(21, "same", monitor),
      stretch(30, "r4"),
      stretch(40, "r5"),
    ];
    expect(addWait(known, wait("a"), 60_000).map(([since, reason]) => [since, reason])).toEqual(expected);
  });
});
