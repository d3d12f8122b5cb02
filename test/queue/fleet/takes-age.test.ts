// What a clock that was set leaves of what is counted as taken at a monitor.
import { expect, it } from "vitest";
import { noTakes } from "../../../src/queue/fleet/fleet.ts";
import { takesOfThisClock } from "../../../src/queue/fleet/takes-age.ts";
import { now, settings } from "../../support/queue-data.ts";

// 2 s until it is sent, 90 s of waiting for evidence, and a minute
const until = now + 152_000;

it.each([
  { name: "that would have ended long since", runners: 1, before: now - 3_600_000, expected: until },
  { name: "that would have ended sooner", runners: 1, before: until - 1, expected: until },
  { name: "that was sent since", runners: 1, before: until, expected: until },
  { name: "that ends later, of before the clock was set back", runners: 1, before: until + 1, expected: until + 1 },
  { name: "for so many runners that their monitor needs longer", runners: 60, before: now, expected: until + 4_000 },
])("a leg counts as long as one that was sent when the clock was set: $name", ({ runners, before, expected }) => {
  const takes = { ...noTakes, out: [["claim", runners, before] as [string, number, number]] };
  expect(takesOfThisClock(takes, now, settings).out).toEqual([["claim", runners, expected]]);
});

it("takes without a leg that is out are left as they are", () => {
  expect(takesOfThisClock(noTakes, now, settings)).toBe(noTakes);
});
