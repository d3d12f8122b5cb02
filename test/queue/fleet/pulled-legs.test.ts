// Legs at a monitor that fetches its takes: what counts until when, by cases.
import { describe, expect, it } from "vitest";
import {
  availableRunners,
  claimedRunners,
  countLegsOut,
  isFresh,
  isHeardLately,
} from "../../../src/queue/fleet/fleet.ts";
import {
  isLaterOrder,
  openPulled,
  type PulledLeg,
  showsSettled,
  unseenRunners,
  withOfferedLeg,
  withPulledLeg,
} from "../../../src/queue/fleet/pulled-legs.ts";
import { nameOfLeg, parseLegName } from "../../../src/queue/job/leg-name.ts";
import { now, rowOf } from "../../support/queue-data.ts";

const order = (bootAt: number, seq: number) => ({ bootAt, seq });
const pulledOf = (more: Partial<PulledLeg> = {}): PulledLeg => ({
  claimId: "claim-1",
  uniqueId: "a",
  runners: 2,
  qualifiedRepo: "o/r",
  runId: "1",
  state: "offered",
  until: now + 1,
  ...more,
});

it.each([
  { name: "a later boot, whatever it counts", one: order(2, 0), other: order(1, 9), expected: true },
  { name: "an earlier boot", one: order(1, 9), other: order(2, 0), expected: false },
  { name: "a higher count of one boot", one: order(1, 3), other: order(1, 2), expected: true },
  { name: "the same", one: order(1, 2), other: order(1, 2), expected: false },
])("is later: $name", ({ one, other, expected }) => {
  expect(isLaterOrder(one, other)).toBe(expected);
});

describe("runners that the last snapshot may still call idle", () => {
  const snapshot = order(1, 5);
  it.each([
    { name: "offered", leg: {}, expected: 2 },
    { name: "accepted", leg: { state: "accepted" as const, order: order(1, 4) }, expected: 2 },
    { name: "accepted and listed", leg: { state: "accepted" as const, isListed: true }, expected: 0 },
    { name: "offered and listed, for its accept is on its way", leg: { isListed: true }, expected: 0 },
    { name: "taken before the snapshot", leg: { state: "taken" as const, order: order(1, 4) }, expected: 0 },
    { name: "taken with the snapshot's own count", leg: { state: "taken" as const, order: order(1, 5) }, expected: 2 },
    { name: "taken after it", leg: { state: "taken" as const, order: order(1, 6) }, expected: 2 },
    { name: "taken by a later boot", leg: { state: "taken" as const, order: order(2, 1) }, expected: 2 },
    { name: "taken, and shown", leg: { state: "taken" as const, order: order(1, 6), isListed: true }, expected: 0 },
    { name: "refused", leg: { state: "refused" as const }, expected: 0 },
    { name: "withdrawn", leg: { state: "withdrawn" as const }, expected: 0 },
    { name: "open, whatever its time: a clock may have been set", leg: { until: now }, expected: 2 },
    { name: "refused after the snapshot", leg: { state: "refused" as const, order: order(1, 6) }, expected: 0 },
    { name: "taken, and nobody knows when", leg: { state: "taken" as const }, expected: 0 },
    { name: "what nobody has followed for almost a day", leg: { until: now - 86_399_999 }, expected: 2 },
    { name: "what nobody has followed for a day", leg: { until: now - 86_400_000 }, expected: 0 },
  ])("$name: $expected", ({ leg, expected }) => {
    expect(unseenRunners([pulledOf(leg)], snapshot, now)).toBe(expected);
    const row = rowOf(3, { pull: { ...snapshot, presentUntil: now + 1 }, pulled: [pulledOf(leg)] });
    expect(claimedRunners(row, now)).toBe(expected);
    expect(availableRunners(row, now, 10_000)).toBe(3 - expected);
  });

  it("all that was taken, where there is no snapshot", () => {
    expect(unseenRunners([pulledOf({ state: "taken", order: order(1, 1) })], undefined, now)).toBe(2);
  });

  it("a snapshot is news where it is the first after what settled a leg", () => {
    const legs = [pulledOf({ state: "taken", order: order(1, 6) })];
    expect(showsSettled(legs, order(1, 5), order(1, 6))).toBe(false);
    expect(showsSettled(legs, order(1, 5), order(1, 7))).toBe(true);
    expect(showsSettled(legs, order(1, 7), order(1, 8))).toBe(false);
    expect(showsSettled([pulledOf()], order(1, 5), order(1, 8))).toBe(false);
    expect(showsSettled([pulledOf(), ...legs], order(1, 5), order(1, 7)), "of one among others").toBe(true);
    const refused = [pulledOf({ state: "refused", order: order(1, 6) })];
    expect(showsSettled(refused, order(1, 5), order(1, 7)), "of a refusal it is none").toBe(false);
  });
});

describe("whether the monitor is there", () => {
  it.each([
    { name: "until the time that it declared", presentUntil: now + 1, expected: true },
    { name: "not from then on", presentUntil: now, expected: false },
    { name: "a hold ahead, and what clocks may differ", presentUntil: now + 182_000, expected: true },
    { name: "not where the time is of before the clock was set back", presentUntil: now + 182_001, expected: false },
  ])("$name", ({ presentUntil, expected }) => {
    const row = rowOf(1, { askedAt: now - 61_000, pull: { ...order(1, 1), presentUntil } });
    expect(isFresh(row, now, 10_000)).toBe(expected);
    expect(isHeardLately(row, now)).toBe(expected);
  });

  it("its targets count for a minute longer", () => {
    const row = rowOf(1, { askedAt: now - 59_999, pull: { ...order(1, 1), presentUntil: now } });
    expect([isFresh(row, now, 10_000), isHeardLately(row, now)]).toEqual([false, true]);
  });
});

it("open legs count among those that a monitor has in hand", () => {
  const legs = [
    pulledOf(),
    pulledOf({ state: "accepted" }),
    pulledOf({ state: "taken" }),
    pulledOf({ until: now - 86_400_000 }),
  ];
  expect(openPulled(legs, now)).toHaveLength(2);
  expect(countLegsOut(rowOf(1, { out: [["claim-9", 1, now + 1]], pulled: legs }), now)).toBe(3);
});

describe("what is remembered", () => {
  it("a leg that closes is remembered for ten minutes, one that is open keeps its time", () => {
    const [accepted] = withPulledLeg([pulledOf()], "claim-1", { state: "accepted", until: now + 7 }, now);
    expect(accepted).toEqual(pulledOf({ state: "accepted", until: now + 7 }));
    const [closed] = withPulledLeg([pulledOf()], "claim-1", { state: "withdrawn" }, now);
    expect(closed).toEqual(pulledOf({ state: "withdrawn", until: now + 600_000 }));
    const [again] = withPulledLeg([pulledOf({ state: "taken" })], "claim-1", { ids: ["7"] }, now);
    expect(again).toEqual(pulledOf({ state: "taken", ids: ["7"] }));
    expect(withPulledLeg([pulledOf()], "claim-2", { state: "withdrawn" }, now)).toEqual([pulledOf()]);
  });

  it("of closed ones the last 64, and none whose time is over", () => {
    const closed = Array.from({ length: 66 }, (_, at) => pulledOf({ claimId: `c${at}`, state: "refused" }));
    const legs = withOfferedLeg(
      [...closed, pulledOf({ claimId: "old", state: "taken", until: now })],
      pulledOf({ claimId: "new" }),
      now,
    );
    expect(legs).toHaveLength(65);
    expect([legs[0]?.claimId, legs.at(-1)?.claimId]).toEqual(["c2", "new"]);
    const [first] = withOfferedLeg([pulledOf(), ...closed], pulledOf({ claimId: "new" }), now);
    expect(first, "one that is open is kept").toEqual(pulledOf());
  });
});

describe("a leg's name", () => {
  it("says where it belongs", () => {
    const parts = { profileKey: "linux-x", uniqueId: "a.b_c-1", claimId: "V_x-12" };
    expect(parseLegName(nameOfLeg(parts))).toEqual(parts);
  });

  it.each(["", "linux", "linux~a", "linux~a~b~c", "linux~~c", "li/nux~a~c", `${"x".repeat(65)}~a~c`, "linux~a~c~"])(
    "%j is none",
    (name) => {
      expect(parseLegName(name)).toBeNull();
    },
  );
});
