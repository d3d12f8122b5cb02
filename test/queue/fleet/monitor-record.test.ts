// When a monitor is asked, by whom, and what is known of it besides its rows.
import { describe, expect, it } from "vitest";
import {
  beginIdlePolling,
  beginPoll,
  endIdlePolling,
  finishPoll,
  isAbandoned,
  type MonitorRecord,
  noRecord,
} from "../../../src/queue/fleet/monitor-record.ts";
import type { DashboardNews } from "../../../src/queue/fleet/monitors.ts";

const now = 10_000_000;
const recordOf = (more: Partial<MonitorRecord> = {}): MonitorRecord => ({
  ...noRecord,
  askedAt: now - 1_000,
  answeredAt: now - 1_000,
  nextAskAt: now + 500,
  begunAt: now - 1_000,
  pollId: "before",
  ...more,
});

describe("one instance at a time asks a monitor, when its time has come", () => {
  it.each([
    { name: "its time has come", record: { nextAskAt: now }, expected: true },
    { name: "a millisecond too early", record: { nextAskAt: now + 1 }, expected: false },
    { name: "never asked before", record: noRecord, expected: true },
    { name: "the one who asks already", record: { pollId: "mine" }, expected: true },
    { name: "two minutes too early", record: { nextAskAt: now + 120_000 }, expected: false },
    {
      name: "it was asked ahead of now, within what clocks may differ",
      record: { begunAt: now + 2_000, nextAskAt: now + 2_500 },
      expected: false,
    },
    {
      name: "it was asked ahead of now: the clock was set back",
      record: { begunAt: now + 2_001, nextAskAt: now + 2_501 },
      expected: true,
    },
    { name: "it pushed, 100 ms after it was asked", record: { begunAt: now - 100 }, isPushed: true, expected: true },
    { name: "it pushes without end", record: { begunAt: now - 99 }, isPushed: true, expected: false },
    { name: "it pushed, and fails when asked", record: { failures: 1 }, isPushed: true, expected: false },
    { name: "it failed, and its time has come", record: { failures: 1, nextAskAt: now }, expected: true },
  ])("$name", ({ record, isPushed = false, expected }) => {
    const before = recordOf(record);
    const begun = { ...before, nextAskAt: now + 3_000, begunAt: now, pollId: "mine", isIdlePolling: false };
    expect(beginPoll({ ...before, isIdlePolling: true }, "mine", 3_000, isPushed, now)).toEqual(
      expected ? begun : null,
    );
  });
});

describe("after a monitor was asked", () => {
  const counts = { idle: 1, target: 1, healthy: 1 };
  const shows = (...profiles: string[]): DashboardNews => ({
    kind: "snapshot",
    counts: new Map(profiles.map((profile) => [profile, counts])),
  });

  it.each([
    {
      name: "it showed a dashboard",
      news: shows("linux"),
      expected: { answeredAt: now, failures: 0, profiles: { linux: now } },
    },
    {
      name: "it draws anew: neither fresh nor down",
      news: { kind: "redrawing" },
      expected: { answeredAt: now - 1_000, failures: 0, profiles: {} },
    },
    { name: "it failed", news: { kind: "failed" }, expected: { answeredAt: now - 1_000, failures: 3, profiles: {} } },
  ] as const)("it is asked again in a while, and $name", ({ news, expected }) => {
    const before = recordOf({ failures: 2 });
    expect(finishPoll(before, now, news, 1_000, now + 7)).toEqual({
      ...before,
      askedAt: now,
      ...expected,
      nextAskAt: now + 1_007,
    });
  });

  it("a failure that is reported twice counts once", () => {
    const once = finishPoll(recordOf(), now, { kind: "failed" }, 1_000, now);
    expect(once.failures).toBe(1);
    expect(finishPoll(once, now, { kind: "failed" }, 1_000, now).failures).toBe(1);
  });

  it.each([
    { name: "an hour less a millisecond", at: now - 3_599_999, expected: true },
    { name: "an hour", at: now - 3_600_000, expected: false },
    { name: "ahead by what clocks may differ", at: now + 2_000, expected: true },
    { name: "from before the clock was set back", at: now + 2_001, expected: false },
  ])("a profile that it shows no more is remembered for $name", ({ at, expected }) => {
    const { profiles } = finishPoll(recordOf({ profiles: { mac: at } }), now, shows("linux"), 1_000, now);
    expect(profiles).toEqual({ ...(expected && { mac: at }), linux: now });
  });

  it("a monitor that keeps inventing profiles is believed the last thousand", () => {
    const invented = Array.from({ length: 1_001 }, (_, at) => `p${at}`);
    const { profiles } = finishPoll(recordOf(), now, shows(...invented), 1_000, now);
    expect(Object.keys(profiles)).toEqual(invented.slice(1));
  });
});

it("a monitor whose runners nobody waits for is asked at a slower pace, counted from the last time", () => {
  const record = recordOf();
  expect(beginIdlePolling(record, record.askedAt, 5_000)).toEqual({
    ...record,
    nextAskAt: now + 4_000,
    isIdlePolling: true,
  });
  expect(beginIdlePolling(record, record.askedAt - 1, 5_000)).toBeNull();
});

it("and at its usual pace as soon as somebody waits again", () => {
  const idle = recordOf({ isIdlePolling: true });
  expect(endIdlePolling(idle, 1_700)).toEqual({ ...idle, nextAskAt: now + 700, isIdlePolling: false });
  expect(endIdlePolling(recordOf(), 1_500)).toBeNull();
});

it.each([
  { name: "asked two minutes ago", record: { askedAt: now - 120_000, begunAt: 0 }, expected: true },
  { name: "a millisecond less", record: { askedAt: now - 119_999, begunAt: 0 }, expected: false },
  { name: "being asked since then", record: { askedAt: 0, begunAt: now - 119_999 }, expected: false },
  { name: "the asker died two minutes ago", record: { askedAt: 0, begunAt: now - 120_000 }, expected: true },
])("a monitor that nobody asks any more is given up: $name", ({ record, expected }) => {
  expect(isAbandoned(recordOf(record), now)).toBe(expected);
});
