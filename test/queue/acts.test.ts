// What operators do holds from its beginning to its end, and not a millisecond longer.
import { expect, it } from "vitest";
import { type Act, actOf, drainedBy, forEver, isInForce } from "../../src/queue/acts.ts";

const now = 5_000;
const actUntil = (until: number | null): Act => ({ by: "kim", note: "disk", at: 4_000, until });

it.each([
  { name: "nobody said anything", act: null, expected: false },
  { name: "until somebody ends it", act: actUntil(null), expected: true },
  { name: "one millisecond is left", act: actUntil(now + 1), expected: true },
  { name: "its time is over at this very moment", act: actUntil(now), expected: false },
  { name: "it is over", act: actUntil(now - 1), expected: false },
])("an act is in force or not: $name", ({ act, expected }) => {
  expect(isInForce(act, now)).toBe(expected);
});

it.each([
  { name: "nothing was said", act: null, expected: { drainedAt: 0, drainedUntil: 0 } },
  { name: "for ever", act: actUntil(null), expected: { drainedAt: 4_000, drainedUntil: forEver } },
  { name: "for a while", act: actUntil(9_000), expected: { drainedAt: 4_000, drainedUntil: 9_000 } },
  { name: "ended: its end lies behind", act: actUntil(4_000), expected: { drainedAt: 4_000, drainedUntil: 4_000 } },
])("a row hears of the last word on its monitor: $name", ({ act, expected }) => {
  expect(drainedBy(act)).toEqual(expected);
});

it("for ever is the last date there is, and no later", () => {
  expect(Number.isNaN(new Date(forEver).getTime())).toBe(false);
  expect(Number.isNaN(new Date(forEver + 1).getTime())).toBe(true);
});

it.each([
  { name: "begun without an end", kind: "begin", until: null, expected: null },
  { name: "begun with an end", kind: "begin", until: 9_000, expected: 9_000 },
  { name: "ended: its time is over from now on, whatever end it names", kind: "end", until: 9_000, expected: now },
] as const)("an operator's wish becomes the last word: $name", ({ kind, until, expected }) => {
  const act = actOf({ kind, by: "kim", note: "disk", until }, now);
  expect(act).toEqual({ by: "kim", note: "disk", at: now, until: expected });
  expect(isInForce(act, now)).toBe(kind === "begin");
});
