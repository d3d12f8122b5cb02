// How a queued job becomes a claimed one, who may finish what a dead instance began, and why a
// claimed job waits.
import { describe, expect, it } from "vitest";
import { canTakeOver, claimJob, isLeased, reasonOfClaim } from "../../../src/queue/job/claim.ts";
import { claimedJobOf, claimOf, jobOf, legOf, now, runnerOf, settings } from "../../support/queue-data.ts";

describe("a lease", () => {
  it.each([
    { leaseUntil: now - 1, expected: false },
    { leaseUntil: now, expected: false },
    { leaseUntil: now + 1, expected: true },
    { leaseUntil: now + 10_000, expected: true },
  ])("runs until its end: $leaseUntil", ({ leaseUntil, expected }) => {
    expect(isLeased(leaseUntil, now)).toBe(expected);
  });

  it("that ends further ahead than two leases last is from before the clock was set back", () => {
    expect(isLeased(now + 10_001, now)).toBe(false);
  });
});

describe("why a claimed job waits", () => {
  it.each([
    { name: "its owner asks", claim: claimOf(), expected: "claim_in_flight" },
    {
      name: "one monitor answered, another is still asked",
      claim: claimOf([legOf({ state: "taken" }), legOf({ monitor: "ci1" })]),
      expected: "claim_in_flight",
    },
    {
      name: "its monitor may take on the offer",
      claim: claimOf([legOf({ state: "offered", offeredUntil: now + 1 })]),
      expected: "claim_in_flight",
    },
    { name: "the outcome is unknown", claim: claimOf([legOf({ state: "unknown" })]), expected: "reconciling" },
    { name: "its owner is silent", claim: claimOf([legOf()], { leaseUntil: now }), expected: "reconciling" },
  ])("$name", ({ claim, expected }) => {
    expect(reasonOfClaim({ claim }, now)).toBe(expected);
  });

  it("a claim that nobody knows is being found out", () => {
    expect(reasonOfClaim({}, now)).toBe("reconciling");
  });
});

describe("a claim", () => {
  const claim = { id: "claim-1", owner: "me" };

  it("names its legs, waits for each as long as its monitor may be at work, and is leased for 5 s", () => {
    const job = jobOf({ runnerCount: 4, attempts: 2, runnersInHand: [{ ...runnerOf("1"), since: now - 9_000 }] });
    const planned = [
      { monitor: "ci0", runners: 1 },
      { monitor: "ci1", runners: 2 },
    ];
    expect(claimJob(job, planned, claim, now, settings)).toEqual({
      ...job,
      state: "claimed",
      isPresent: false,
      attempts: 3,
      claim: {
        id: "claim-1",
        owner: "me",
        leaseUntil: now + 5_000,
        at: now,
        needed: 3,
        legs: [
          // sent within 2 s; settled 25 s later, and 1 s more for a second runner; given up 90 s
          // after sending
          { monitor: "ci0", runners: 1, state: "pending", evidenceAfter: now + 27_000, holdUntil: now + 92_000 },
          { monitor: "ci1", runners: 2, state: "pending", evidenceAfter: now + 28_000, holdUntil: now + 92_000 },
        ],
      },
    });
  });

  it("offers to a monitor that fetches for OFFER_TTL, and waits for what it accepts for UNKNOWN_HOLD more", () => {
    const planned = [
      { monitor: "pulls", runners: 2 },
      { monitor: "ci0", runners: 1 },
    ];
    const job = jobOf({ runnerCount: 3 });
    expect(claimJob(job, planned, claim, now, settings, (monitor) => monitor === "pulls").claim.legs).toEqual([
      {
        monitor: "pulls",
        runners: 2,
        state: "offered",
        evidenceAfter: now + 5_000,
        offeredUntil: now + 5_000,
        holdUntil: now + 95_000,
      },
      { monitor: "ci0", runners: 1, state: "pending", evidenceAfter: now + 27_000, holdUntil: now + 92_000 },
    ]);
  });

  it("leaves at least 10 s between the first evidence that counts and giving up", () => {
    const slow = { ...settings, monitorSettleMs: 85_000 };
    const legs = claimJob(jobOf(), [{ monitor: "ci0", runners: 1 }], claim, now, slow).claim.legs;
    expect(legs[0]).toMatchObject({ evidenceAfter: now + 87_000, holdUntil: now + 97_000 });
  });
});

describe("whoever finds a claim whose owner is silent takes it over", () => {
  const silent = { leaseUntil: now };
  const open = (leg: Parameters<typeof legOf>[0] = {}) => legOf({ state: "unknown", ...leg });
  const overdue = { monitor: "strange", holdUntil: now };
  it.each([
    { name: "pending", legs: [legOf()], claim: silent, expected: true },
    { name: "unknown", legs: [open()], claim: silent, expected: true },
    { name: "its owner is alive", legs: [open()], claim: {}, expected: false },
    { name: "nothing is open", legs: [legOf({ state: "refused" })], claim: silent, expected: false },
    {
      name: "a monitor that it cannot ask",
      legs: [open(), open({ monitor: "strange" })],
      claim: silent,
      expected: false,
    },
    {
      name: "a pending one that it cannot ask",
      legs: [open(), legOf({ monitor: "strange" })],
      claim: silent,
      expected: false,
    },
    { name: "one of which nothing more is to be had", legs: [open(), open(overdue)], claim: silent, expected: true },
    {
      name: "one of which evidence is to be had for a millisecond",
      legs: [open({ ...overdue, holdUntil: now + 1 })],
      claim: silent,
      expected: false,
    },
    {
      name: "one that it cannot ask, and that fetches: nobody asks it",
      legs: [open(), open({ monitor: "strange", offeredUntil: now })],
      claim: silent,
      expected: true,
    },
    {
      name: "a strange monitor that answered does not matter",
      legs: [open(), legOf({ monitor: "strange", state: "taken" })],
      claim: silent,
      expected: true,
    },
  ])("$name: $expected", ({ legs, claim, expected }) => {
    const job = claimedJobOf(legs, { claim: claimOf(legs, claim) });
    expect(canTakeOver(job, now, (monitor) => monitor !== "strange")).toBe(expected);
  });

  it("not where there is no claim", () => {
    expect(canTakeOver(jobOf(), now, () => true)).toBe(false);
  });
});
