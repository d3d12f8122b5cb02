// Settling by evidence: where to look, and what follows from what was seen.
import { describe, expect, it } from "vitest";
import { decideByEvidence, type Evidence, type EvidenceNeed, planEvidence } from "../../../src/queue/job/evidence.ts";
import type { Job } from "../../../src/queue/job/job.ts";
import type { Settlement } from "../../../src/queue/job/settlement.ts";
import {
  claimedJobOf,
  claimOf,
  enqueuedAt,
  jobOf,
  legOf,
  lostAt,
  now,
  runnerOf,
  settings,
} from "../../support/queue-data.ts";

const claimedAt = now - 5_000;
const monitors = ["ci0", "ci1", "ci2"];
const leg = { evidenceAfter: now + 22_000, holdUntil: now + 87_000 };

describe("evidence is looked for", () => {
  it.each([
    {
      name: "at every monitor with an open leg",
      job: claimedJobOf([legOf(), legOf({ monitor: "ci1", state: "unknown", evidenceAfter: now })]),
      expected: [
        { monitor: "ci0", after: now + 22_000, afterBlind: now + 22_000, until: now + 87_000, since: claimedAt },
        { monitor: "ci1", after: now, afterBlind: now, until: now + 87_000, since: claimedAt },
      ],
    },
    {
      name: "not where the leg is settled",
      job: claimedJobOf([legOf({ state: "taken" }), legOf({ monitor: "ci1", state: "refused" })]),
      expected: [],
    },
    {
      name: "where an earlier claim may have left an unused runner",
      job: jobOf({ asked: { ci1: now - 10_000 } }),
      expected: [{ monitor: "ci1", after: now, afterBlind: now, until: now + 82_000, since: now - 10_000 }],
    },
    {
      name: "for as long as the monitor keeps it: 2 s to send, 90 s",
      job: jobOf({ asked: { ci1: now - 91_999, ci2: now - 92_000 } }),
      expected: [{ monitor: "ci1", after: now, afterBlind: now, until: now + 1, since: now - 91_999 }],
    },
    {
      name: "once where the same monitor is asked again: it is waited for as long as the longer of both",
      job: claimedJobOf([legOf({ evidenceAfter: now - 5, holdUntil: now + 9 })], { asked: { ci0: now - 10_000 } }),
      expected: [{ monitor: "ci0", after: now, afterBlind: now, until: now + 82_000, since: claimedAt }],
    },
    {
      name: "once, by the leg, where that takes longer",
      job: claimedJobOf([legOf()], { asked: { ci0: now - 10_000 } }),
      expected: [
        { monitor: "ci0", after: now + 22_000, afterBlind: now + 22_000, until: now + 87_000, since: claimedAt },
      ],
    },
    {
      name: "for no longer than a leg ever waits, where its times are of before the clock was set back by an hour",
      job: claimedJobOf([legOf({ evidenceAfter: now + 3_622_000, holdUntil: now + 3_687_000 })]),
      expected: [
        { monitor: "ci0", after: now + 27_000, afterBlind: now + 27_000, until: now + 92_000, since: claimedAt },
      ],
    },
    {
      name: "as if it were sent when the clock was set, where its times are of before that",
      job: claimedJobOf([legOf({ evidenceAfter: now - 3_600_000, holdUntil: now - 3_600_000 })], {
        clockSince: now - 10_000,
        claim: { ...claimOf([legOf()]), at: 0 },
        asked: { ci1: 0 },
      }),
      expected: [
        { monitor: "ci1", after: now, afterBlind: now, until: now + 82_000, since: 0 },
        { monitor: "ci0", after: now + 17_000, afterBlind: now + 17_000, until: now + 82_000, since: 0 },
      ],
    },
    {
      name: "a second later for each further runner, where its times are of before the clock was set",
      job: claimedJobOf([legOf({ runners: 3 })], {
        clockSince: now - 10_000,
        claim: { ...claimOf([legOf({ runners: 3 })]), at: 0 },
      }),
      expected: [{ monitor: "ci0", after: now + 19_000, afterBlind: now + 19_000, until: now + 82_000, since: 0 }],
    },
    { name: "nowhere, of a job that asked nobody", job: jobOf(), expected: [] },
  ])("$name", ({ job, expected }) => {
    expect(planEvidence(job, monitors, null, now, settings)).toEqual(expected);
  });

  const afterLoss = (monitor: string): EvidenceNeed => ({
    monitor,
    // sent within 2 s; 3 s until its thread sees it, or 25 s where it has no barrier; given up
    // after 90 s
    after: now - 1_000 + 5_000,
    afterBlind: now - 1_000 + 27_000,
    until: now - 1_000 + 92_000,
    since: enqueuedAt,
  });
  it("at all monitors where the store may have forgotten a claim, as old as the job", () => {
    expect(planEvidence(jobOf(), monitors, now - 1_000, now, settings)).toEqual(monitors.map(afterLoss));
  });

  it("not where a monitor fetches its takes: it lists what it accepted", () => {
    const isFetched = (monitor: string) => monitor === "ci1";
    const asked = jobOf({ asked: { ci1: now - 10, ci2: now - 10 } });
    expect(planEvidence(asked, monitors, null, now, settings, isFetched).map(({ monitor }) => monitor)).toEqual([
      "ci2",
    ]);
    const offered = claimedJobOf([legOf({ state: "offered", offeredUntil: now + 1 })]);
    expect(planEvidence(offered, monitors, null, now, settings, isFetched)).toEqual([]);
  });

  it("after a loss that is of before the clock was set, as if it were then", () => {
    expect(planEvidence(jobOf({ clockSince: now - 500 }), monitors, now - 3_600_000, now, settings)).toEqual(
      planEvidence(jobOf(), monitors, now - 500, now, settings),
    );
  });

  it("after a loss that lies ahead of a clock that was set back, as if it were now", () => {
    expect(planEvidence(jobOf(), ["ci0"], now + 3_600_000, now, settings)).toEqual(
      planEvidence(jobOf(), ["ci0"], now, now, settings),
    );
  });

  it("for 10 s at least once it counts, where a monitor settles later than its unused runners live", () => {
    const job = claimedJobOf([legOf()], { clockSince: now, claim: { ...claimOf([legOf()]), at: 0 } });
    const [need] = planEvidence(job, [], null, now, { ...settings, monitorSettleMs: 100_000 });
    expect(need).toMatchObject({ after: now + 102_000, until: now + 112_000 });
  });

  it("after a loss no sooner where a monitor settles sooner", () => {
    const [need] = planEvidence(jobOf(), ["ci0"], now, now, { ...settings, monitorSettleMs: 2_999 });
    expect(need).toMatchObject({ after: now + 4_999, afterBlind: now + 4_999 });
  });

  it("after a loss, what an earlier claim asked changes nothing, and a leg of now is waited for as well", () => {
    const job = claimedJobOf([legOf({ ...leg, monitor: "ci1" })], { asked: { ci0: now - 10 } });
    expect(planEvidence(job, ["ci0", "ci1"], now - 1_000, now, settings)).toEqual([
      afterLoss("ci0"),
      { monitor: "ci1", after: now + 22_000, afterBlind: now + 26_000, until: now + 91_000, since: claimedAt },
    ]);
  });
});

it("evidence says nothing of a leg that its monitor fetches", () => {
  const job = claimedJobOf([legOf(), legOf({ monitor: "ci1", offeredUntil: now })], { runnerCount: 2 });
  const need = { monitor: "ci0", after: now, afterBlind: now, until: now, since: claimedAt };
  const decided = decideByEvidence(job, [need], new Map([["ci0", { kind: "none" }]]), null);
  expect(decided?.legs).toEqual([{ monitor: "ci0", state: "refused", cause: "no_evidence" }]);
});

describe("evidence decides", () => {
  const seen = (...ids: string[]): Evidence => ({
    kind: "seen",
    runners: ids.map((id) => runnerOf(id)),
    ambiguous: [],
  });
  const seenAt = (monitor: string, id: string): Evidence => ({
    kind: "seen",
    runners: [runnerOf(id, monitor)],
    ambiguous: [],
  });
  const none: Evidence = { kind: "none" };
  const need = (monitor: string, since = claimedAt): EvidenceNeed => ({
    monitor,
    after: 0,
    afterBlind: 0,
    until: 0,
    since,
  });
  const unknownLeg = legOf({ state: "unknown" });
  const job = claimedJobOf([unknownLeg]);
  const both = [need("ci0"), need("ci1", 7)];
  const base = { claimId: "claim-1", claimedAt, found: [], clearedFor: null };

  it.each([
    { name: "nothing while nothing was seen", job, evidence: {}, expected: null },
    { name: "nothing while one monitor was not looked at", job, evidence: { ci0: seen() }, expected: null },
    {
      name: "taken as soon as the runner is found: the others need not be looked at",
      job,
      evidence: { ci0: seen("7") },
      expected: { ...base, legs: [{ monitor: "ci0", state: "taken", runners: [runnerOf("7")] }] },
    },
    {
      name: "elsewhere, and the open leg need not be decided",
      job,
      evidence: { ci1: seenAt("ci1", "7") },
      expected: {
        ...base,
        legs: [{ monitor: "ci0", state: "refused", cause: "undecided" }],
        found: [{ ...runnerOf("7", "ci1"), since: 7 }],
      },
    },
    {
      name: "refused when all were looked at",
      job,
      evidence: { ci0: seen(), ci1: none },
      expected: { ...base, legs: [{ monitor: "ci0", state: "refused", cause: "not_reserved" }] },
    },
    {
      name: "refused, and nobody to blame, where the monitor shows nothing any more",
      job,
      evidence: { ci0: none, ci1: seen() },
      expected: { ...base, legs: [{ monitor: "ci0", state: "refused", cause: "no_evidence" }] },
    },
    {
      name: "nothing while a part was found and one was not looked at",
      job: { ...job, runnerCount: 2 },
      evidence: { ci0: seen("7") },
      expected: null,
    },
    {
      name: "taken with a part when all were looked at",
      job: { ...job, runnerCount: 2 },
      evidence: { ci0: seen("7"), ci1: seen() },
      expected: { ...base, legs: [{ monitor: "ci0", state: "taken", runners: [runnerOf("7")] }] },
    },
    {
      name: "at once where what is found completes what is in hand",
      job: { ...job, runnerCount: 2, runnersInHand: [{ ...runnerOf("1"), since: 1 }] },
      evidence: { ci0: seen("1", "7") },
      expected: { ...base, legs: [{ monitor: "ci0", state: "taken", runners: [runnerOf("7")] }] },
    },
    {
      name: "refused where only what is in hand or was let go is seen",
      job: { ...job, runnerCount: 2, runnersInHand: [{ ...runnerOf("1"), since: 1 }], spentRunners: ["ci0/2"] },
      evidence: { ci0: seen("1", "2"), ci1: seen() },
      expected: { ...base, legs: [{ monitor: "ci0", state: "refused", cause: "not_reserved" }] },
    },
    {
      name: "that the same id at another monitor is another runner",
      job: { ...job, runnersInHand: [{ ...runnerOf("7", "ci5"), since: 1 }], runnerCount: 2, spentRunners: ["ci5/7"] },
      evidence: { ci0: seen("7") },
      expected: { ...base, legs: [{ monitor: "ci0", state: "taken", runners: [runnerOf("7")] }] },
    },
    {
      name: "that one of several in hand is no news",
      job: {
        ...job,
        runnerCount: 3,
        runnersInHand: [
          { ...runnerOf("0"), since: 1 },
          { ...runnerOf("1"), since: 1 },
        ],
      },
      evidence: { ci0: seen("1"), ci1: seen() },
      expected: { ...base, legs: [{ monitor: "ci0", state: "refused", cause: "not_reserved" }] },
    },
    {
      name: "nothing about a leg that is settled",
      job: claimedJobOf([unknownLeg, legOf({ monitor: "ci1", state: "taken" })], { runnerCount: 2 }),
      evidence: { ci0: seen(), ci1: seen() },
      expected: { ...base, legs: [{ monitor: "ci0", state: "refused", cause: "not_reserved" }] },
    },
  ] as { name: string; job: Job; evidence: Record<string, Evidence>; expected: Settlement | null }[])(
    "$name",
    ({ job: given, evidence, expected }) => {
      expect(decideByEvidence(given, both, new Map(Object.entries(evidence)), null)).toEqual(expected);
    },
  );

  it("for no claim where none is open, and clears the job for the loss that it covers", () => {
    const given = jobOf({ claim: claimOf([legOf({ state: "refused" })]) });
    expect(decideByEvidence(given, [need("ci0")], new Map([["ci0", seen()]]), lostAt)).toEqual({
      claimId: null,
      claimedAt,
      legs: [],
      found: [],
      clearedFor: lostAt,
    });
  });

  it("that what was reserved for a job without a claim is as old as the job", () => {
    expect(decideByEvidence(jobOf(), [], new Map(), lostAt)).toMatchObject({ claimId: null, claimedAt: enqueuedAt });
  });
});
