// What monitors said when they were asked for a job's runners.
import { expect, it } from "vitest";
import { addTry, type Try } from "../../../../src/queue/job/why/tries.ts";

const one: Try = [3, "ci0", "refused", "no idle runner", 1];

it.each([
  { name: "the first", known: undefined, said: ["ci0", "taken", "", 7_999], expected: [[7, "ci0", "taken", "", 1]] },
  {
    name: "the same again is counted, and moves to the end",
    known: [one, [4, "ci1", "taken", "", 2]],
    said: ["ci0", "refused", "no idle runner", 9_000],
    expected: [
      [4, "ci1", "taken", "", 2],
      [9, "ci0", "refused", "no idle runner", 2],
    ],
  },
  {
    name: "another monitor",
    known: [one],
    said: ["ci1", "refused", "no idle runner", 9_000],
    expected: [one, [9, "ci1", "refused", "no idle runner", 1]],
  },
  {
    name: "another outcome",
    known: [one],
    said: ["ci0", "taken", "no idle runner", 9_000],
    expected: [one, [9, "ci0", "taken", "no idle runner", 1]],
  },
  {
    name: "other words",
    known: [one],
    said: ["ci0", "refused", "", 9_000],
    expected: [one, [9, "ci0", "refused", "", 1]],
  },
  {
    name: "a clock that is behind makes no negative time",
    known: undefined,
    said: ["ci0", "taken", "", -1],
    expected: [[0, "ci0", "taken", "", 1]],
  },
  {
    name: "lines and blanks are one blank",
    known: [one],
    said: ["ci0", "refused", "no\r\n idle\u00a0\u0000runner", 9_000],
    expected: [[9, "ci0", "refused", "no idle runner", 2]],
  },
  {
    name: "sixty characters",
    known: undefined,
    said: ["ci0", "refused", "x".repeat(61), 0],
    expected: [[0, "ci0", "refused", "x".repeat(60), 1]],
  },
] as { name: string; known: Try[] | undefined; said: [string, string, string, number]; expected: Try[] }[])(
  "a leg that ended is one entry: $name",
  ({ known, said, expected }) => {
    expect(addTry(known, ...said)).toEqual(expected);
  },
);

it("the last six are kept", () => {
  const six = [1, 2, 3, 4, 5, 6].map((at): Try => [at, `ci${at}`, "refused", "", 1]);
  expect(addTry(six, "ci7", "taken", "", 7_000)).toEqual([...six.slice(1), [7, "ci7", "taken", "", 1]]);
  expect(addTry(six, "ci1", "refused", "", 7_000)).toHaveLength(6);
});
