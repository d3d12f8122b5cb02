// What is remembered of a job's wait, and how it is told.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { describeWhy } from "../../src/dashboard/job/why-words.ts";
import { noSnapshot, noTakes } from "../../src/queue/fleet/fleet.ts";
import { nameAtGithub } from "../../src/queue/job/runner-name.ts";
import { addTry, maxTries, type Try } from "../../src/queue/job/why/tries.ts";
import { addWait, maxStretches, plainWait, type WaitStretch } from "../../src/queue/job/why/waits.ts";
import { findBlamedMonitor } from "../../src/queue/line/blame.ts";

describe("the stretches of a wait", () => {
  it("begin with the enqueue, and a reason that goes on is no news: the very same list comes back", () => {
    const first = addWait(undefined, plainWait("no_capacity"), 40);
    expect(first).toEqual([[0, "no_capacity", 0, 0, ""]]);
    expect(addWait(first, { ...plainWait("no_capacity"), jobsAhead: 7 }, 90_000)).toBe(first);
    expect(addWait(first, { ...plainWait("no_capacity"), monitor: "ci0" }, 90_000)).toHaveLength(2);
  });

  it("stay few however often the reason changes: the longest are kept, in order, the first and the last among them", () => {
    const reasons = ["no_capacity", "not_your_turn", "profile_paused"];
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...reasons), fc.nat(60_000)), { maxLength: 60 }), (changes) => {
        let waits: WaitStretch[] | undefined;
        let at = 0;
        for (const [reason, lastedMs] of changes) {
          at += lastedMs;
          waits = addWait(waits, plainWait(reason), at);
          expect(waits.at(-1)?.[1]).toBe(reason);
          expect(waits[0]?.[0]).toBe(0);
          expect(waits.length).toBeLessThanOrEqual(maxStretches);
          const times = waits.map(([since]) => since);
          expect(times).toEqual(times.toSorted((a, b) => a - b));
        }
      }),
    );
    let waits = addWait(undefined, plainWait("no_capacity"), 0);
    waits = addWait(waits, plainWait("profile_paused"), 1_000);
    for (let at = 601_000; at < 700_000; at += 5_000) {
      waits = addWait(waits, plainWait(at % 2_000 === 0 ? "not_your_turn" : "monitors_busy"), at);
    }
    expect(waits.map(([since, reason]) => [since, reason])).toContainEqual([1, "profile_paused"]);
  });
});

describe("what monitors said", () => {
  it("is counted where it is the same, cut where it is long, and harmless", () => {
    let tries: Try[] = [];
    for (let at = 0; at < 50; at++) tries = addTry(tries, "ci0", "not_reserved", "null", at * 1000);
    expect(tries).toEqual([[49, "ci0", "not_reserved", "null", 50]]);
    tries = addTry(tries, "ci1", "rejected", `a\u001b[2J\n${"x".repeat(500)}`, 60_000);
    expect(tries[1]?.[3]).toMatch(/^a \[2J x{50,}$/);
    expect(tries[1]?.[3].length).toBeLessThanOrEqual(60);
    for (let at = 0; at < 20; at++) tries = addTry(tries, `ci${at}`, "unreachable", "ECONNREFUSED", at);
    expect(tries).toHaveLength(maxTries);
  });
});

describe("the monitor to blame", () => {
  const row = { ...noSnapshot, ...noTakes, askedAt: 1000, idle: 2, target: 2 };
  const drained = { ...row, drainedUntil: 9_000 };
  const blame = (fleet: Record<string, typeof row>, reason: string, missing: number) =>
    findBlamedMonitor(new Map(Object.entries(fleet)), reason, missing, 1000, 10_000);

  it.each([
    ["a drained one that has enough for the turn", { ci0: drained, ci1: row }, "no_capacity", 2, "ci0"],
    ["none where even its runners were too few", { ci0: drained }, "no_capacity", 3, ""],
    ["none where its snapshot is old", { ci0: { ...drained, askedAt: -20_000 } }, "no_capacity", 1, ""],
    ["a drained one whose target is missing", { ci0: drained }, "unsatisfiable_now", 2, "ci0"],
    ["the one that refuses", { ci0: row, ci1: { ...row, refusedJobs: ["a"] } }, "monitor_refuses", 1, "ci1"],
    ["none where nothing of the kind is the matter", { ci0: drained }, "profile_paused", 0, ""],
  ])("is %s", (_, fleet, reason, missing, expected) => {
    expect(blame(fleet, reason, missing)).toBe(expected);
  });
});

it("a wait is told as a sentence, and a failed job with what each monitor said", () => {
  const stretch = (seconds: number, says: string) => ({ lastedMs: seconds * 1000, says });
  const stretches = [
    stretch(120, "no runner free"),
    stretch(60, "behind 4 runners of one job"),
    stretch(36, "ci0 drained"),
    stretch(0.4, "asking for runners"),
  ];
  expect(describeWhy("taken", 216_400, stretches, [[1, "ci0", "taken", "", 1]])).toBe(
    "waited 3 min 36 s: 2 min no runner free, 1 min behind 4 runners of one job, 36 s ci0 drained; then taken",
  );
  const tries: Try[] = [
    [1, "ci0", "not_reserved", "null", 4],
    [2, "ci1", "not_reserved", "status 500", 1],
  ];
  expect(describeWhy("failed", 2_000, [], tries)).toBe(
    'waited 2 s; then failed: ci0 reserved nothing ("null"), 4 times; ci1 reserved nothing ("status 500")',
  );
});

it("GitHub's name of a runner is read from either shape of a monitor's answer, and from nothing else", () => {
  const runner = (name: unknown) => ({ id: 2, runner: { registration: { name } } });
  expect(nameAtGithub(JSON.stringify(runner("linux.2@ci0")))).toBe("linux.2@ci0");
  expect(nameAtGithub(JSON.stringify([runner("linux.2@ci0")]))).toBe("linux.2@ci0");
  for (const body of ["", "null", "[]", "{}", JSON.stringify(runner("a b")), JSON.stringify(runner(7)), "[["]) {
    expect(nameAtGithub(body), body).toBeNull();
  }
});
