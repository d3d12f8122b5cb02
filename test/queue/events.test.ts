// How long a job has waited, from its place.
import { expect, it } from "vitest";
import { waitedMs } from "../../src/queue/events.ts";

it.each([
  { name: "ten seconds", place: 90_000_000, now: 100_000, expected: 10_000 },
  { name: "the microseconds of its place are cut off", place: 90_000_999, now: 100_000, expected: 10_000 },
  { name: "just now", place: 100_000_000, now: 100_000, expected: 0 },
  { name: "a clock that is behind makes no negative wait", place: 100_001_000, now: 100_000, expected: 0 },
])("a job has waited since it took its place: $name", ({ place, now, expected }) => {
  expect(waitedMs({ place }, now)).toBe(expected);
});
