// When all who wait fall silent together, it is the way to us that broke, and nobody is abandoned.
import { describe, expect, it } from "vitest";
import { endSilence, isSilent, keepsPlaces, noSilence } from "../../../src/queue/line/silence.ts";

const now = 1_000_000;
const run = (runId: string, heardAt = now, more = {}) => ({ runId, heardAt, qualifiedRepo: "o/r", place: 1, ...more });

describe("all fell silent together", () => {
  it.each([
    { name: "three runs", absent: [run("1"), run("2"), run("3")], expected: true },
    { name: "not, if one is present", present: 1, absent: [run("1"), run("2"), run("3")], expected: false },
    { name: "not, if they are two runs", absent: [run("1"), run("2")], expected: false },
    { name: "not, if three jobs are of two runs", absent: [run("1"), run("2"), run("2")], expected: false },
    {
      name: "one run number in three repositories is three",
      absent: ["a", "b", "c"].map((repo) => run("1", now, { qualifiedRepo: `o/${repo}` })),
      expected: true,
    },
    {
      name: "not, if repositories differ in case only",
      absent: ["a", "A", "b"].map((repo) => run("1", now, { qualifiedRepo: `o/${repo}` })),
      expected: false,
    },
    {
      name: "heard within 15 s of each other",
      absent: [run("1"), run("2", now - 15_000), run("3", now - 1)],
      expected: true,
    },
    { name: "not, over a longer time", absent: [run("1"), run("2", now - 15_001), run("3", now - 1)], expected: false },
    {
      name: "one that was never heard counts from its place",
      absent: [run("1"), run("2"), run("3", 0, { place: (now - 15_000) * 1000 })],
      expected: true,
    },
    {
      name: "not, if that is longer ago",
      absent: [run("1"), run("2"), run("3", 0, { place: (now - 15_000) * 1000 - 1 })],
      expected: false,
    },
    { name: "not, if nobody waits", absent: [], expected: false },
  ])("$name", ({ present = 0, absent, expected }) => {
    expect(isSilent(present, absent)).toBe(expected);
  });
});

it.each([
  { name: "somebody is heard", silentSince: null, expected: false },
  { name: "since just now", silentSince: now, expected: true },
  { name: "for ten minutes less a millisecond", silentSince: now - 599_999, expected: true },
  { name: "for ten minutes", silentSince: now - 600_000, expected: false },
  { name: "since a time to come: the clock was set back", silentSince: now + 1, expected: false },
])("a silence keeps everybody's place for ten minutes: $name", ({ silentSince, expected }) => {
  expect(keepsPlaces({ silentSince, heardSince: 0 }, now)).toBe(expected);
});

it("whoever is heard ends a silence, and where there is none changes nothing", () => {
  expect(endSilence({ silentSince: 5, heardSince: 1 }, now)).toEqual({ silentSince: null, heardSince: now });
  expect(endSilence(noSilence, now)).toBe(noSilence);
});
