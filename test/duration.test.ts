// One way to read a duration and one to say it, wherever they are typed or shown.
import { expect, it } from "vitest";
import { parseUntil } from "../scripts/queuectl/command-line/option-value.ts";
import { describeDuration, parseDuration } from "../src/duration.ts";

it.each([
  ["1500ms", 1_500],
  ["30s", 30_000],
  ["5m", 300_000],
  ["2h", 7_200_000],
  ["7d", 604_800_000],
  ["0s", 0],
  ["30", null],
  ["30 s", null],
  ["1.5s", null],
  ["-1s", null],
  ["1w", null],
  ["", null],
  ["9999999999s", null],
])("the duration %j is %j ms", (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

it.each([
  [-5, "0 s"],
  [999, "0 s"],
  [59_999, "59 s"],
  [60_000, "1 min 0 s"],
  [130_000, "2 min 10 s"],
  [7_200_000, "2 h 0 min"],
  [90_000_000, "1 d 1 h"],
])("%d ms reads %j", (ms, words) => {
  expect(describeDuration(ms)).toBe(words);
});

it("every unit that the queue takes passes queuectl too", () => {
  for (const text of ["500ms", "90s", "30m", "2h", "3d"]) expect(parseUntil(text)).toBe(text);
});
