// Jobs of before a loss of the store: none may claim before evidence, and those that are cleared
// wait for those ahead.
import { expect, it } from "vitest";
import { isSuspect, waitsForOthers } from "../../../src/queue/job/after-loss.ts";

const lostAt = 1_000_000;
const settings = { monitorSettleMs: 25_000 };
/** sending, settling, and 5 s for those ahead */
const orderedUntil = lostAt + 2_000 + 25_000 + 5_000;

it.each([
  { name: "never cleared", clearedFor: undefined, expected: true },
  { name: "cleared for an earlier loss", clearedFor: lostAt - 1, expected: true },
  { name: "cleared for a later loss than this store knows", clearedFor: lostAt + 1, expected: true },
  { name: "cleared for this one", clearedFor: lostAt, expected: false },
])("a job may have a claim that the store forgot: $name", ({ clearedFor, expected }) => {
  expect(isSuspect(clearedFor === undefined ? {} : { clearedFor }, lostAt)).toBe(expected);
});

it.each([
  { name: "of before, cleared, just now", place: 1, clearedFor: lostAt, now: lostAt, expected: true },
  { name: "its last microsecond", place: lostAt * 1000 - 1, clearedFor: lostAt, now: lostAt, expected: true },
  {
    name: "enqueued at the moment of the loss",
    place: lostAt * 1000,
    clearedFor: lostAt,
    now: lostAt,
    expected: false,
  },
  { name: "not cleared: it may not claim at all", place: 1, clearedFor: lostAt - 1, now: lostAt, expected: false },
  { name: "the last millisecond", place: 1, clearedFor: lostAt, now: orderedUntil - 1, expected: true },
  {
    name: "not for an hour, where the clock was set back before the loss",
    place: 1,
    clearedFor: lostAt,
    now: lostAt - 32_001,
    expected: false,
  },
  {
    name: "where the clock was set back by no more than it waits",
    place: 1,
    clearedFor: lostAt,
    now: lostAt - 32_000,
    expected: true,
  },
  {
    name: "whoever is not cleared by now is not waited for",
    place: 1,
    clearedFor: lostAt,
    now: orderedUntil,
    expected: false,
  },
])("a cleared job waits for those ahead of it that are not: $name", ({ place, clearedFor, now, expected }) => {
  expect(waitsForOthers({ place, clearedFor }, lostAt, now, settings)).toBe(expected);
});
