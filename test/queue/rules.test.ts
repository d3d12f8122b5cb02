// The pure rules where a table of cases says more than a sequence of commands.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createFleetRow, decideTakeBackoffMs, withSnapshot } from "../../src/queue/fleet.ts";
import { createJob } from "../../src/queue/lifecycle.ts";
import { planLegs } from "../../src/queue/placement.ts";
import { decideByEvidence, type Evidence, planEvidence } from "../../src/queue/reconcile.ts";
import { decideRetryAfterSeconds, spreadOf } from "../../src/queue/retry-after.ts";
import { testSettings } from "../support/settings.ts";

const settings = testSettings();
const row = (idle: number, more = {}) => ({ ...createFleetRow(), askedAt: 1000, idle, target: 9, ...more });

describe("Retry-After", () => {
  it("is 1 for the next few, whole seconds, and never more than a third of ABANDON_AFTER", () => {
    fc.assert(
      fc.property(
        fc.nat(1_000_000),
        fc.nat(999),
        fc.integer({ min: 1, max: 600_000 }),
        fc.integer({ min: 3000, max: 600_000 }),
        (position, spread, retry, abandon) => {
          const seconds = decideRetryAfterSeconds(position + 1, spread, retry, abandon);
          expect(Number.isInteger(seconds) && seconds >= 1).toBe(true);
          expect(seconds).toBeLessThanOrEqual(Math.max(1, abandon / 3000));
          if (position < 3) expect(seconds).toBe(1);
        },
      ),
    );
  });

  it("grows with the position, is about RETRY_AFTER in mid-line, and spreads a crowd over several seconds", () => {
    const at = (position: number, spread = 500) => decideRetryAfterSeconds(position, spread, 5000, 30_000);
    expect([at(4), at(20), at(60), at(1000)]).toEqual([2, 5, 8, 8]);
    const crowd = new Set(Array.from({ length: 500 }, (_, n) => at(1000, spreadOf(`job-${n}`))));
    expect([...crowd].sort((a, b) => a - b)).toEqual([6, 7, 8, 9, 10]);
  });
});

describe("placement", () => {
  it("asks the monitor with the most idle first, and as few monitors as that allows", () => {
    const fleet = { a: row(2), b: row(3), c: row(1) };
    expect(planLegs(fleet, 4, 1000, 10_000, 2)).toEqual([
      { monitor: "b", runners: 3 },
      { monitor: "a", runners: 1 },
    ]);
  });

  it("asks nobody who is full, failing, stale, empty, blocked, or has MONITOR_MAX_INFLIGHT takes", () => {
    const fleet = {
      full: row(2, { out: [["c", 1, 9000]], settled: [[1, 1]] }),
      failing: row(9, { failing: true }),
      stale: row(9, { askedAt: -20_000 }),
      empty: row(9, { emptyAt: 1000 }),
      blocked: row(9, { blockedUntil: 2000 }),
      busy: row(9, {
        out: [
          ["c", 1, 9000],
          ["d", 1, 9000],
        ],
      }),
    };
    expect(planLegs(fleet, 1, 1000, 10_000, 2)).toBeNull();
  });
});

it("a monitor's back-off starts with its second refusal and doubles up to 30 s", () => {
  expect([1, 2, 3, 4, 7, 50].map(decideTakeBackoffMs)).toEqual([0, 1000, 2000, 4000, 30_000, 30_000]);
});

it("older news of a monitor never replaces newer", () => {
  const newer = withSnapshot(createFleetRow(), 2000, { idle: 1, target: 2, healthy: 2 });
  expect(withSnapshot(newer, 1000, { idle: 5, target: 5, healthy: 5 })).toEqual(newer);
  expect(withSnapshot(newer, 1000, null)).toEqual(newer);
});

describe("evidence", () => {
  const ticket = { uniqueId: "a", profileKey: "p", runnerCount: 1, qualifiedRepo: "o/r", runId: "1", place: 1_000_000 };
  const leg = { monitor: "ci0", runners: 1, state: "unknown" as const, evidenceAfter: 5000, holdUntil: 90_000 };
  const job = {
    ...createJob(ticket, 1000, settings),
    state: "claimed" as const,
    asked: { ci1: 500 },
    claim: { id: "c", owner: "o", leaseUntil: 0, at: 1000, needed: 1, legs: [leg] },
  };
  const rules = { monitorSettleMs: 25_000, unknownHoldMs: 90_000, sendWithinMs: 2000 };
  const needs = planEvidence(job, ["ci0", "ci1", "ci2"], null, 2000, rules);
  const seen = (monitor: string, ...ids: string[]) => ({
    kind: "seen" as const,
    runners: ids.map((id) => ({ monitor, id, body: "{}" })),
  });

  it("is looked for at every monitor that was ever asked, and at no other", () => {
    expect(needs.map(({ monitor, after }) => [monitor, after])).toEqual([
      ["ci1", 2000],
      ["ci0", 5000],
    ]);
  });

  it("is looked for at all monitors where the store may have forgotten a claim, once they can no longer be at work on it", () => {
    const all = planEvidence({ ...job, claim: undefined } as never, ["ci0", "ci1", "ci2"], 1000, 2000, rules);
    expect(all.map(({ monitor, after, until }) => [monitor, after, until])).toEqual(
      ["ci0", "ci1", "ci2"].map((one) => [one, 28_000, 93_000]),
    );
  });

  it("says taken as soon as the runner is found, also where it was not expected", () => {
    expect(decideByEvidence(job, needs, new Map([["ci0", seen("ci0", "7")]]), null)).toMatchObject({
      claimId: "c",
      legs: [{ state: "taken" }],
      found: [],
    });
    expect(decideByEvidence(job, needs, new Map([["ci1", seen("ci1", "7")]]), null)).toMatchObject({
      legs: [{ state: "refused" }],
      found: [{ monitor: "ci1", id: "7" }],
    });
  });

  it("says refused only when every monitor was looked at or can hold nothing any more", () => {
    expect(decideByEvidence(job, needs, new Map([["ci0", seen("ci0")]]), null)).toBeNull();
    const complete = new Map<string, Evidence>([
      ["ci0", seen("ci0")],
      ["ci1", { kind: "none" as const }],
    ]);
    expect(decideByEvidence(job, needs, complete, null)).toMatchObject({
      legs: [{ state: "refused", cause: "not_reserved" }],
    });
  });

  it("does not count what is in hand or was let go", () => {
    const known = {
      ...job,
      held: [{ monitor: "ci0", id: "1", body: "{}", since: 1000 }],
      known: ["ci0/2"],
      count: 2,
    };
    const complete = new Map([
      ["ci0", seen("ci0", "1", "2")],
      ["ci1", seen("ci1")],
    ]);
    expect(decideByEvidence(known, needs, complete, null)).toMatchObject({ legs: [{ state: "refused" }], found: [] });
  });
});
