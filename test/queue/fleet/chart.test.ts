// The last hour of a profile, one sample a minute.
import { expect, it } from "vitest";
import { type Sample, withSample } from "../../../src/queue/fleet/chart.ts";

const at = (minute: number, ms = 0) => minute * 60_000 + ms;
const sample = () => [4, 2] as const;

it("a minute gets one sample, which is asked for only where it is missing", () => {
  const chart: Sample[] = [[100, 1, 1]];
  const refuse = () => {
    throw new Error("it has one");
  };
  expect(withSample(chart, at(100), refuse)).toBe(chart);
  expect(withSample(chart, at(100, 59_999), refuse)).toBe(chart);
  expect(withSample(chart, at(101), sample)).toEqual([
    [100, 1, 1],
    [101, 4, 2],
  ]);
});

it("an hour is kept, and what lies ahead since the clock was set back is not", () => {
  const chart: Sample[] = [40, 41, 99, 101].map((minute) => [minute, 1, 1]);
  expect(withSample(chart, at(100), sample).map(([minute]) => minute)).toEqual([41, 99, 100]);
  expect(withSample([], at(0), sample)).toEqual([[0, 4, 2]]);
});
