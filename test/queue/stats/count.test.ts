// What the history's entries and the minutes add to an hour.
import { expect, it } from "vitest";
import type { HistoryEntry } from "../../../src/queue/history.ts";
import {
  countEntry,
  countMinute,
  countRefusal,
  hourOf,
  maxCountNames,
  sumCounts,
} from "../../../src/queue/stats/count.ts";

const at = 500 * 3_600_000 + 7;
const entry: HistoryEntry = { at, what: "taken", repo: "o/r", waitedMs: 1_600 };
const hour = 500;

it.each([
  { says: "a served job: by its wait", one: entry, is: ["t2/o/r", "t2/*"] },
  { says: "a failed job", one: { ...entry, what: "failed" as const }, is: ["f/o/r", "f/*"] },
  { says: "an abandoned job", one: { ...entry, what: "abandoned" as const }, is: ["a/o/r", "a/*"] },
  { says: "a cancelled job", one: { ...entry, what: "cancelled" as const }, is: ["c/o/r", "c/*"] },
  { says: "a job that came in line: nothing", one: { ...entry, what: "queued" as const }, is: null },
  { says: "an operator's act: nothing", one: { at, what: "drained" as const, by: "kim" }, is: null },
])("$says", ({ one, is }) => {
  const expected = is === null ? null : { hour, name: is[0], otherwise: is[1], by: 1 };
  expect(countEntry(one)).toEqual(expected);
});

it("a refused enqueue counts for its repository", () => {
  expect(countRefusal("o/r", at)).toEqual({ hour, name: "r/o/r", otherwise: "r/*", by: 1 });
});

it("a minute counts who waited, what was idle, and what of it those who waited could have used", () => {
  const named = (counts: readonly { name: string; by: number }[]) => counts.map(({ name, by }) => [name, by]);
  expect(named(countMinute(5, 2, 3, at))).toEqual([
    ["m", 1],
    ["w", 5],
    ["i", 3],
    ["x", 2],
  ]);
  expect(named(countMinute(0, 0, 3, at))).toEqual([
    ["m", 1],
    ["i", 3],
  ]);
});

it("equal counts of one commit are one", () => {
  const one = countRefusal("o/r", at);
  expect(sumCounts([one, one])).toEqual([{ ...one, by: 2 }]);
  expect(sumCounts([one, countRefusal("o/s", at), one])).toEqual([{ ...one, by: 2 }, countRefusal("o/s", at)]);
});

it("an hour of a profile has a thousand names", () => {
  expect(maxCountNames).toBe(1_000);
});

it.each([
  [500 * 3_600_000 - 1, 499],
  [500 * 3_600_000, 500],
  [501 * 3_600_000 - 1, 500],
])("%d ms since 1970 are in the hour %d", (ms, expected) => expect(hourOf(ms)).toBe(expected));
