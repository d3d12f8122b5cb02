// What one monitor's row says: its own word, and what we did there since.
import { describe, expect, it } from "vitest";
import {
  availableRunners,
  claimedRunners,
  decideTakeBackoffMs,
  type FleetRow,
  idleRunners,
  isBlocked,
  isFresh,
  isHeardLately,
  legsOut,
  servableAt,
  servableRunners,
  settledUnseen,
  snapshotOf,
  takesOf,
  targetRunners,
  withDrained,
  withLegEnded,
  withLegExtended,
  withLegOut,
  withSnapshot,
} from "../../../src/queue/fleet/fleet.ts";
import { fleetOf, jobOf, legOf, now, rowOf } from "../../support/queue-data.ts";

const freshMs = 10_000;
const out = (runners: number, until = now + 9_000, id = "c"): FleetRow["out"][number] => [id, runners, until];

it.each([
  { name: "just old enough", row: { askedAt: now - freshMs }, expected: true },
  { name: "too old", row: { askedAt: now - freshMs - 1 }, expected: false },
  { name: "its last dashboard failed", row: { isFailing: true }, expected: false },
  { name: "ahead by what clocks may differ", row: { askedAt: now + 2_000 }, expected: true },
  { name: "of before the clock was set back", row: { askedAt: now + 2_001 }, expected: false },
])("a snapshot may be built upon: $name", ({ row, expected }) => {
  expect(isFresh(rowOf(1, row), now, freshMs)).toBe(expected);
  expect(idleRunners(fleetOf({ ci0: rowOf(1, row), ci1: rowOf(2) }), now, freshMs)).toBe(expected ? 3 : 2);
});

describe("runners that may be claimed at one monitor", () => {
  it.each([
    { name: "what it calls idle", row: {}, expected: 3 },
    { name: "less what is asked for", row: { out: [out(2)] }, expected: 1 },
    { name: "less what was reserved and is not visible", row: { settled: [[now, 1]] }, expected: 2 },
    { name: "never less than none", row: { out: [out(2)], settled: [[now, 2]] }, expected: 0 },
    { name: "none while drained", row: { drainedUntil: now + 1 }, expected: 0 },
    { name: "when a drain is over", row: { drainedUntil: now }, expected: 3 },
    { name: "none on an old word", row: { askedAt: now - freshMs - 1 }, expected: 0 },
    { name: "none while takes leave it alone", row: { blockedUntil: now + 1 }, expected: 0 },
    { name: "none after a refusal at the time of its word", row: { emptyAt: now - 1_000 }, expected: 0 },
    { name: "when it was heard since a refusal", row: { emptyAt: now - 1_001 }, expected: 3 },
    { name: "none after a refusal that clocks put ahead", row: { emptyAt: now + 2_000 }, expected: 0 },
    { name: "when that lies further ahead: the clock was set back", row: { emptyAt: now + 2_001 }, expected: 3 },
    {
      name: "one probe at a time after two refused jobs",
      row: { refusedJobs: ["a", "b"], out: [out(1)] },
      expected: 0,
    },
    { name: "the probe itself", row: { refusedJobs: ["a", "b"] }, expected: 3 },
    { name: "a probe that counts no more is none", row: { refusedJobs: ["a", "b"], out: [out(1, now)] }, expected: 3 },
    { name: "more than one take after one refused job", row: { refusedJobs: ["a"], out: [out(1)] }, expected: 2 },
  ] as { name: string; row: Partial<FleetRow>; expected: number }[])("$name", ({ row, expected }) => {
    expect(availableRunners(rowOf(3, row), now, freshMs)).toBe(expected);
  });
});

it("runners claimed at a monitor are those asked for and those reserved since its word", () => {
  const row = rowOf(9, {
    out: [out(1), out(2, now), out(4, now + 1)],
    settled: [
      [now - 1_001, 8],
      [now - 1_000, 16],
      [now + 2_000, 32],
      [now + 2_001, 64],
    ],
  });
  expect(legsOut(row, now)).toEqual([out(1), out(4, now + 1)]);
  expect(settledUnseen(row, now)).toEqual([
    [now - 1_000, 16],
    [now + 2_000, 32],
  ]);
  expect(claimedRunners(row, now)).toBe(1 + 4 + 16 + 32);
  const all = rowOf(1, { out: [out(1)] });
  expect(legsOut(all, now)).toBe(all.out);
});

it.each([
  { blockedUntil: now, expected: false },
  { blockedUntil: now + 1, expected: true },
  { blockedUntil: now + 62_000, expected: true },
  // no back-off is longer than a minute: the clock was set back
  { blockedUntil: now + 62_001, expected: false },
])("takes leave a monitor alone until $blockedUntil: $expected", ({ blockedUntil, expected }) => {
  expect(isBlocked(rowOf(1, { blockedUntil }), now)).toBe(expected);
});

describe("targets of monitors that were heard of lately count", () => {
  it.each([
    { name: "within a minute", row: { askedAt: now - 59_999 }, heard: true, servable: 9 },
    { name: "not after a minute", row: { askedAt: now - 60_000 }, heard: false, servable: 0 },
    { name: "ahead by what clocks may differ", row: { askedAt: now + 2_000 }, heard: true, servable: 9 },
    { name: "not from further ahead", row: { askedAt: now + 2_001 }, heard: false, servable: 0 },
    { name: "also while its dashboard fails", row: { isFailing: true }, heard: true, servable: 9 },
    { name: "not while it is drained", row: { drainedUntil: now + 1 }, heard: true, servable: 0 },
    { name: "when a drain is over", row: { drainedUntil: now }, heard: true, servable: 9 },
  ])("$name", ({ row, heard, servable }) => {
    expect(isHeardLately(rowOf(1, row), now)).toBe(heard);
    expect(servableAt(rowOf(1, row), now)).toBe(servable);
    const fleet = fleetOf({ ci0: rowOf(1, row), ci1: rowOf(1, { target: 2 }) });
    expect([servableRunners(fleet, now), targetRunners(fleet)]).toEqual([servable + 2, 11]);
  });

  it("an empty fleet has none", () => {
    const none = fleetOf({});
    expect([servableRunners(none, now), targetRunners(none), idleRunners(none, now, freshMs)]).toEqual([0, 0, 0]);
  });
});

describe("a dashboard that was read", () => {
  const counts = { idle: 4, target: 5, healthy: 6 };
  const known = rowOf(1, { isFailing: true });
  const read = { idle: 4, target: 5, healthy: 6, isFailing: false };
  const askedAt = known.askedAt;
  it.each([
    { name: "newer", askedAt: askedAt + 1, expected: { ...known, ...read, askedAt: askedAt + 1 } },
    { name: "asked for at the same time", askedAt, expected: { ...known, ...read } },
    { name: "older news changes nothing", askedAt: askedAt - 1, expected: known },
  ])("replaces what was known: $name", ({ askedAt: at, expected }) => {
    expect(withSnapshot(known, at, counts, now)).toEqual(expected);
  });

  it.each([
    { aheadMs: 2_000, expected: 1 },
    { aheadMs: 2_001, expected: 4 },
  ])("replaces one from $aheadMs ms ahead only if the clock was set back", ({ aheadMs, expected }) => {
    expect(withSnapshot(rowOf(1, { askedAt: now + aheadMs }), now, counts, now).idle).toBe(expected);
  });

  it("that failed leaves the figures and says so, once", () => {
    const well = rowOf(1);
    expect(withSnapshot(well, now, null, now)).toEqual({ ...well, isFailing: true });
    expect(withSnapshot(known, now, null, now)).toBe(known);
    expect(withSnapshot(well, askedAt - 1, null, now)).toBe(well);
  });
});

it.each([
  { name: "later", drainedAt: 8, expected: 9 },
  { name: "the same again", drainedAt: 7, expected: 5 },
  { name: "earlier", drainedAt: 6, expected: 5 },
])("the last word of operators counts, however late an older one arrives: $name", ({ drainedAt, expected }) => {
  const row = rowOf(1, { drainedAt: 7, drainedUntil: 5 });
  expect(withDrained(row, { drainedAt, drainedUntil: 9 }).drainedUntil).toBe(expected);
});

it.each([
  [0, 0],
  [1, 0],
  [2, 1_000],
  [3, 2_000],
  [6, 16_000],
  [7, 30_000],
  [2_000, 30_000],
])("after %d refused jobs in a row a monitor is left alone for %d ms", (refusedJobs, expected) => {
  expect(decideTakeBackoffMs(refusedJobs)).toBe(expected);
});

describe("a leg that was sent out", () => {
  it("counts a minute longer than evidence is waited for, and what counts no more is left behind", () => {
    const row = rowOf(3, {
      out: [out(1, now, "old"), out(1, now + 1, "c")],
      settled: [
        [now - 1_001, 1],
        [now, 2],
      ],
    });
    expect(withLegOut(row, jobOf(), "claim-1", legOf({ runners: 2 }), now)).toEqual({
      ...takesOf(row),
      out: [out(1, now + 1, "c"), out(2, now + 147_000, "claim-1")],
      settled: [[now, 2]],
      lastTakeAt: now,
    });
  });

  it.each([
    { name: "longer", until: now + 146_999, expected: now + 147_000 },
    { name: "as long as it is", until: now + 147_000, expected: now + 147_000 },
    { name: "never shorter", until: now + 147_001, expected: now + 147_001 },
  ])("counts for as long as evidence of it is waited for: $name", ({ until, expected }) => {
    const row = rowOf(3, { out: [out(1, 5, "other"), out(2, until, "claim-1")] });
    expect(withLegExtended(row, "claim-1", legOf())).toEqual({
      ...takesOf(row),
      out: [out(1, 5, "other"), out(2, expected, "claim-1")],
    });
  });
});

describe("a leg at a monitor that fetches its takes", () => {
  const pulledOf = (claimId: string, state: "offered" | "accepted" | "taken" | "refused" = "accepted") => ({
    claimId,
    uniqueId: "a",
    runners: 2,
    qualifiedRepo: "o/r",
    runId: "1",
    state,
    until: now + 147_000,
  });

  it("is offered with whose it is, beside those that it has", () => {
    const row = rowOf(3, { pulled: [pulledOf("claim-0")] });
    const leg = legOf({ runners: 2, state: "offered", offeredUntil: now + 5_000 });
    expect(withLegOut(row, jobOf(), "claim-1", leg, now)).toEqual({
      ...takesOf(row),
      pulled: [pulledOf("claim-0"), pulledOf("claim-1", "offered")],
      lastTakeAt: now,
    });
  });

  it.each([
    { name: "taken", end: { state: "taken", runners: 2 }, state: "taken", marks: { refusedJobs: [] } },
    {
      name: "refused",
      end: { state: "refused", blame: "refused", uniqueId: "a" },
      state: "refused",
      marks: { refusedJobs: ["b", "a"], emptyAt: now },
    },
  ] as const)("that is $name ends there alone: its next snapshot tells what it has", ({ end, state, marks }) => {
    const row = rowOf(3, { pulled: [pulledOf("claim-0"), pulledOf("claim-1")], refusedJobs: ["b"] });
    expect(withLegEnded(row, "claim-1", 2, end, now)).toMatchObject({
      out: [],
      settled: [],
      pulled: [pulledOf("claim-0"), { ...pulledOf("claim-1", state), until: now + 600_000 }],
      ...marks,
    });
  });

  it("is a part of the row's takes, where there is any", () => {
    const pulled = [pulledOf("claim-0")];
    expect(takesOf(rowOf(1, { pulled })).pulled).toBe(pulled);
    expect(takesOf(rowOf(1))).not.toHaveProperty("pulled");
  });
});

describe("a leg that ended", () => {
  const marked = rowOf(3, {
    out: [out(1, now + 5, "other"), out(2, now + 5, "claim-1")],
    settled: [
      [now - 1_001, 1],
      [now - 1_000, 1],
    ],
    emptyAt: 7,
    refusedJobs: ["b", "c"],
    refusals: 3,
    blockedUntil: now + 4_000,
    lastTakeAt: 6,
  });
  const back = { ...takesOf(marked), out: [out(1, now + 5, "other")] };
  const seen = { refusedJobs: [], refusals: 0, blockedUntil: 0 };

  it.each([
    { name: "all it was asked for", runners: 2, emptyAt: 7 },
    { name: "more", runners: 3, emptyAt: 7 },
    { name: "fewer: the monitor is empty", runners: 1, emptyAt: now },
  ])("with runners clears all marks, and they count until they are visible: $name", ({ runners, emptyAt }) => {
    expect(withLegEnded(marked, "claim-1", 2, { state: "taken", runners }, now)).toEqual({
      ...back,
      ...seen,
      emptyAt,
      settled: [
        [now - 1_000, 1],
        [now, runners],
      ],
    });
  });

  const refused = (blame: "none" | "refused" | "rejected", uniqueId = "a") =>
    ({ state: "refused", blame, uniqueId }) as const;
  it.each([
    {
      name: "a third job",
      row: {},
      end: refused("refused"),
      expected: { refusedJobs: ["b", "c", "a"], blockedUntil: now + 2_000 },
    },
    {
      name: "the same job again is one mark",
      row: {},
      end: refused("refused", "b"),
      expected: { refusedJobs: ["c", "b"], blockedUntil: now + 1_000 },
    },
    {
      name: "the first job",
      row: { refusedJobs: [] },
      end: refused("refused"),
      expected: { refusedJobs: ["a"], blockedUntil: now },
    },
    {
      name: "our token is wrong",
      row: { refusedJobs: [] },
      end: refused("rejected"),
      expected: { refusedJobs: ["a"], blockedUntil: now + 60_000 },
    },
  ])("refused is a mark, and the monitor is empty: $name", ({ row, end, expected }) => {
    expect(withLegEnded({ ...marked, ...row }, "claim-1", 2, end, now)).toEqual({
      ...back,
      refusals: 4,
      emptyAt: now,
      ...expected,
    });
  });

  it("remembers the last twelve refused jobs", () => {
    const jobs = Array.from({ length: 12 }, (_, at) => `j${at}`);
    const { refusedJobs } = withLegEnded({ ...marked, refusedJobs: jobs }, "claim-1", 2, refused("refused"), now);
    expect(refusedJobs).toEqual([...jobs.slice(1), "a"]);
  });

  it.each([
    { name: "for a second", blockedUntil: now + 999, expected: now + 1_000 },
    { name: "or as long as it is", blockedUntil: now + 1_001, expected: now + 1_001 },
  ])("unsent leaves the monitor alone $name, without a mark", ({ blockedUntil, expected }) => {
    expect(withLegEnded({ ...marked, blockedUntil }, "claim-1", 2, refused("none"), now)).toEqual({
      ...back,
      blockedUntil: expected,
    });
  });
});

it("a row is its two documents, and nothing is in both or in none", () => {
  const row = rowOf(3, { out: [out(1)], freed: 2, drainedAt: 1, emptyAt: 3, lastTakeAt: 4, refusals: 5 });
  expect({ ...snapshotOf(row), ...takesOf(row) }).toEqual(row);
  expect(Object.keys(snapshotOf(row)).filter((key) => key in takesOf(row))).toEqual([]);
});
