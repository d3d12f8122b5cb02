// How old a reservation is, and what a clock that was set leaves of a job's times.
import { describe, expect, it } from "vitest";
import {
  ageByLeg,
  ageBySight,
  ofThisClock,
  timeOfThisClock,
  unknownTime,
  withClock,
} from "../../../src/queue/job/age.ts";
import { entryOf } from "../../../src/queue/line/line.ts";
import { claimOf, jobOf, legOf, lostAt, now, runnerOf, settings } from "../../support/queue-data.ts";

it.each([
  { name: "25 s after its leg was sent at the latest", claimedAt: now - 50_000, by: now - 25_000 },
  { name: "no later than now", claimedAt: now - 5_000, by: now },
  { name: "perhaps just now, where nobody knows when its leg was sent", claimedAt: unknownTime, by: now },
])("a runner was reserved $name", ({ claimedAt, by }) => {
  expect(ageByLeg(claimedAt, now, settings)).toEqual({ since: claimedAt, by });
});

it.each([
  { name: "while its monitor may have it still", claimedAt: now - 84_999, by: now - 59_999 },
  { name: "and perhaps just now, where it should be gone: the clock was set", claimedAt: now - 85_000, by: now },
])("a runner that was just seen was reserved 25 s after its leg was sent at the latest, $name", ({ claimedAt, by }) => {
  expect(ageBySight(claimedAt, now, settings)).toEqual({ since: claimedAt, by });
});

it.each([
  { name: "of now", time: now, expected: now },
  { name: "since it was set", time: now - 1_000, expected: now - 1_000 },
  { name: "of before it was set", time: now - 1_001, expected: unknownTime },
  { name: "within what clocks may differ", time: now + 2_000, expected: now + 2_000 },
  { name: "ahead of it", time: now + 2_001, expected: unknownTime },
])("a time is of this clock, or nobody knows how long ago it was: $name", ({ time, expected }) => {
  expect(timeOfThisClock(time, now - 1_000, now)).toBe(expected);
});

it("a job says by which clock its times are written, where that was ever set", () => {
  expect(withClock(jobOf(), 0)).toEqual(jobOf());
  expect(withClock(jobOf(), 7)).toEqual(jobOf({ clockSince: 7 }));
});

describe("a job that was written before the clock was set", () => {
  const runnersInHand = [{ ...runnerOf("7"), since: now - 1_000 }];
  const held = { holder: "h", heldUntil: now + 20_000 };
  const job = jobOf({
    claim: claimOf([legOf()]),
    asked: { ci0: now - 5 },
    asideUntil: now + 9,
    runnersInHand,
    ...held,
  });
  for (const clockSince of [now + 3_600_000, now - 90_000]) {
    const read = ofThisClock(job, clockSince, settings);
    const heldMs = now + 20_000 - job.heardAt;

    it(`has its time anew, and what its request is held for, at ${clockSince - now}`, () => {
      expect(read).toMatchObject({
        clockSince,
        heardAt: clockSince,
        heldUntil: clockSince + heldMs,
        presentUntil: clockSince + heldMs + 4_000,
        abandonAt: clockSince + heldMs + 30_000,
        asideUntil: clockSince + 60_000,
      });
    });

    it(`knows of no reservation how old it is, at ${clockSince - now}`, () => {
      expect([read.claim, read.asked, read.runnersInHand]).toEqual([
        { ...job.claim, at: 0, legs: [legOf({ holdUntil: clockSince + 92_000 })] },
        { ci0: 0 },
        [{ ...runnerOf("7"), since: 0 }],
      ]);
      expect(
        ofThisClock(jobOf({ state: "taken", answer: "null", answerUntil: now }), clockSince, settings).answerUntil,
      ).toBe(0);
    });

    it(`is held for no longer where the clock is set once more, after ${clockSince - now}`, () => {
      const again = ofThisClock(read, clockSince + 90_000, settings);
      expect(again.heldUntil).toBe(clockSince + 90_000 + heldMs);
    });

    it(`waits anew for what is open, called or pulled, and leaves what is settled, at ${clockSince - now}`, () => {
      const accepted = legOf({ offeredUntil: now, acceptedAt: now });
      const settled = [{ ...accepted, state: "refused" as const }, legOf({ state: "taken" })];
      const legs = [accepted, legOf({ state: "unknown" }), ...settled];
      const { claim } = ofThisClock(jobOf({ claim: claimOf(legs) }), clockSince, settings);
      expect(claim?.legs).toEqual([
        { ...accepted, offeredUntil: clockSince + 5_000, holdUntil: clockSince + 90_000, acceptedAt: unknownTime },
        legOf({ state: "unknown", holdUntil: clockSince + 92_000 }),
        ...settled,
      ]);
    });

    it(`is offered anew, and was not accepted by that, at ${clockSince - now}`, () => {
      const legs = [legOf({ state: "offered", offeredUntil: now })];
      const { claim } = ofThisClock(jobOf({ claim: claimOf(legs) }), clockSince, settings);
      expect(claim?.legs[0]).not.toHaveProperty("acceptedAt");
    });

    it(`stands where it stood, at ${clockSince - now}`, () => {
      expect(entryOf(read, lostAt)).toEqual(entryOf(job, lostAt));
    });
  }

  it("and that was never held is due within a second and PRESENCE_GRACE", () => {
    expect(ofThisClock(jobOf({ heardAt: 0 }), now, settings)).toMatchObject({
      presentUntil: now + 4_000,
      abandonAt: now + 30_000,
    });
    // its request ended before it was heard last
    expect(ofThisClock(jobOf({ heardAt: now, heldUntil: now - 5 }), now, settings).presentUntil).toBe(now + 4_000);
  });

  it("invents nothing that it has not", () => {
    expect(Object.keys(ofThisClock(jobOf(), 7, settings)).sort()).toEqual(
      [...Object.keys(jobOf()), "clockSince"].sort(),
    );
  });

  it("is read once: by the clock that it was written by, it is as it is", () => {
    const once = ofThisClock(job, 7, settings);
    expect(ofThisClock(once, 7, settings)).toBe(once);
    expect(ofThisClock(job, 0, settings)).toBe(job);
  });
});
