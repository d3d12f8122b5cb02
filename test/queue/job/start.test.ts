// What became of a reservation, by what GitHub says and by what dashboards show.
import { describe, expect, it } from "vitest";
import type { GithubWord } from "../../../src/queue/job/github-word.ts";
import {
  beginLook,
  beginStart,
  countLost,
  endLook,
  type Start,
  startBySight,
  startByWord,
  wasUnused,
} from "../../../src/queue/job/start.ts";
import { now } from "../../support/queue-data.ts";

const minute = 60_000;
const runners = ["ci0/1", "ci0/2"];
const reservedAt = now - minute;
const start: Start = { state: "starting", since: reservedAt, reservedAt, runners, lookAt: now };
const startOf = (state: Start["state"]): Start => ({ state, since: reservedAt, reservedAt, runners });
type Said = readonly [state: GithubWord[number]["state"], runner?: string];
const wordOf = (...said: readonly Said[]): GithubWord =>
  said.map(([state, runner], at) => ({
    id: 9 - at,
    attempt: 1,
    state,
    generation: 1,
    ...(runner !== undefined && { runner }),
  }));

it("a reservation is looked at a START_TIMEOUT after its first runner was reserved", () => {
  expect(beginStart(["ci0/1"], now - 5_000, now, minute)).toEqual({
    state: "starting",
    since: now,
    reservedAt: now - 5_000,
    runners: ["ci0/1"],
    lookAt: now + 55_000,
  });
});

describe("by GitHub's word a reservation of two runners", () => {
  it.each<{ name: string; word: GithubWord; state: Start["state"] }>([
    { name: "starts with the first of its jobs", word: wordOf(["in_progress"], ["queued"]), state: "started" },
    {
      name: "starts, also where only one of them ever ran",
      word: wordOf(["queued"], ["completed", "r"]),
      state: "started",
    },
    { name: "is not over while one of them waits", word: wordOf(["completed"], ["queued"]), state: "starting" },
    { name: "is not over while one of them is not heard of", word: wordOf(["completed"]), state: "starting" },
    { name: "is over with the last of them", word: wordOf(["completed"], ["completed"]), state: "over" },
  ])("$name", ({ word, state }) => {
    expect(startByWord(start, word, {}, now).state).toBe(state);
  });

  it("hears nothing of another generation's jobs", () => {
    expect(startByWord(start, wordOf(["in_progress"]), { generation: 2 }, now)).toBe(start);
  });

  it("is in its new state since now, and is looked at no more", () => {
    expect(startByWord(start, wordOf(["in_progress"]), {}, now)).toEqual({ ...startOf("started"), since: now });
  });

  it.each(["lost", "over"] as const)("that is %s stays it, also where its run has a later attempt", (state) => {
    const known = startOf(state);
    expect(startByWord(known, [{ id: 10, attempt: 2, state: "queued" }], {}, now)).toBe(known);
  });
});

it("a busy runner starts a reservation once, and nothing that is lost", () => {
  expect(startBySight(start, now)).toEqual({ ...startOf("started"), since: now });
  for (const known of [startOf("started"), startOf("lost")]) expect(startBySight(known, now)).toBe(known);
});

describe("runners are lost", () => {
  const busy = [{ name: "ci0/2", isBusy: true }];
  it.each([
    { name: "as many as GitHub waits for", start, waiting: 1, seen: [], expected: 1 },
    { name: "and no more than there were", start, waiting: 3, seen: [], expected: 2 },
    { name: "none where one of them is busy", start, waiting: 1, seen: busy, expected: 0 },
    { name: "none of what has started", start: startOf("started"), waiting: 1, seen: [], expected: 0 },
    {
      name: "none a millisecond before START_TIMEOUT",
      start: { ...start, reservedAt: reservedAt + 1 },
      waiting: 1,
      seen: [],
      expected: 0,
    },
  ])("$name", ({ start: known, waiting, seen, expected }) => {
    expect(countLost(known, waiting, seen, now, minute)).toBe(expected);
  });
});

describe("looks at a reservation", () => {
  const reserved = (minutesAgo: number, more: Partial<Start> = {}) => ({
    ...start,
    reservedAt: now - minutesAgo * minute,
    ...more,
  });

  it.each([
    { name: "of which nothing is heard", isCertain: true, times: 10 },
    { name: "that could not see or ask anything", isCertain: false, times: 20 },
  ])("$name are repeated each START_TIMEOUT, and end after $times of them", ({ isCertain, times }) => {
    const young = reserved(times, { reservedAt: now - times * minute + 1 });
    expect(endLook(young, isCertain, now, minute)).toEqual({ ...young, lookAt: now + minute });
    const { lookAt: _, ...rest } = reserved(times);
    expect(endLook(reserved(times), isCertain, now, minute)).toEqual(rest);
    expect(endLook(rest, isCertain, now, minute), "and end once").toBe(rest);
  });

  it("whose end nobody hears of are taken up again after a quarter of it, until twenty are over", () => {
    const young = reserved(20, { reservedAt: now - 20 * minute + 1 });
    expect(beginLook(young, now, minute)).toEqual({ ...young, lookAt: now + minute / 4 });
    expect(beginLook(reserved(20), now, minute)).not.toHaveProperty("lookAt");
  });
});

it.each([
  ["starting", "lost", true],
  ["starting", "over", true],
  ["starting", "started", false],
  ["started", "over", false],
  ["lost", "over", false],
] as const)("runners were reserved for nothing from %s to %s: %s", (before, after, expected) => {
  expect(wasUnused(before, after)).toBe(expected);
});
