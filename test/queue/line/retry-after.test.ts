// When a waiting client should ask again.
import fc from "fast-check";
import { expect, it } from "vitest";
import { decideRetryAfterSeconds, spreadOf } from "../../../src/queue/line/retry-after.ts";

it.each([
  // position, spread, RETRY_AFTER, ABANDON_AFTER, quiet for
  { name: "the next one", given: [1, 500, 5_000, 30_000], expected: 1 },
  { name: "the third", given: [3, 999, 5_000, 30_000], expected: 1 },
  { name: "the fourth", given: [4, 500, 5_000, 30_000], expected: 2 },
  { name: "mid-line: RETRY_AFTER", given: [20, 500, 5_000, 30_000], expected: 5 },
  { name: "a quarter less by spread", given: [20, 0, 5_000, 30_000], expected: 4 },
  { name: "a quarter more by spread", given: [20, 999, 5_000, 30_000], expected: 6 },
  { name: "half a second is rounded up", given: [20, 500, 4_500, 30_000], expected: 5 },
  { name: "growing with the root", given: [45, 500, 4_000, 30_000], expected: 6 },
  { name: "far back: eight tenths of the most", given: [100_000, 500, 5_000, 30_000], expected: 8 },
  {
    name: "far back, with spread no more than a third of ABANDON_AFTER",
    given: [100_000, 999, 5_000, 30_000],
    expected: 10,
  },
  { name: "mid-line is the twentieth", given: [79, 500, 5_000, 60_000], expected: 10 },
  { name: "by RETRY_AFTER in seconds", given: [20, 500, 10_499, 60_000], expected: 10 },
  { name: "a spread of nearly a half more", given: [20, 999, 8_002, 60_000], expected: 10 },
  {
    name: "never more than a third of ABANDON_AFTER, to the second",
    given: [1, 500, 5_000, 5_999, 180_000],
    expected: 1,
  },
  { name: "never less than 1", given: [4, 0, 1, 30_000], expected: 1 },
  { name: "never less than 1 where ABANDON_AFTER is short", given: [100, 500, 5_000, 1_000], expected: 1 },
  { name: "nor for the next one", given: [1, 500, 5_000, 1_000], expected: 1 },
  { name: "the next one, quiet for almost a minute", given: [1, 500, 5_000, 30_000, 59_999], expected: 1 },
  { name: "quiet for a minute", given: [1, 500, 5_000, 30_000, 60_000], expected: 2 },
  { name: "quiet for almost three", given: [1, 500, 5_000, 30_000, 179_999], expected: 2 },
  { name: "quiet for three", given: [1, 500, 5_000, 30_000, 180_000], expected: 3 },
  { name: "quiet, and never more than a third of ABANDON_AFTER", given: [1, 500, 5_000, 6_000, 180_000], expected: 2 },
  { name: "quiet says nothing of those further back", given: [20, 500, 5_000, 30_000, 180_000], expected: 5 },
] as const)("whole seconds: $name", ({ given: [position, spread, retry, abandon, quiet], expected }) => {
  expect(decideRetryAfterSeconds(position, spread, retry, abandon, quiet)).toBe(expected);
});

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

it("a crowd that came together is spread over several seconds", () => {
  const crowd = new Set(
    Array.from({ length: 500 }, (_, n) => decideRetryAfterSeconds(1000, spreadOf(`job-${n}`), 5000, 30_000)),
  );
  expect([...crowd].sort((a, b) => a - b)).toEqual([6, 7, 8, 9, 10]);
});

it.each([
  ["", 261],
  ["a", 220],
  ["foobar", 720],
])("the spread of %j is the same everywhere: its hash in a thousand", (uniqueId, expected) => {
  expect(spreadOf(uniqueId)).toBe(expected);
});
