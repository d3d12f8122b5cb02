// What a monitor that fetches says of a profile: what is news, what is evidence, and what writes
// nothing. By cases.
import { describe, expect, it } from "vitest";
import type { FleetRow } from "../../../../src/queue/fleet/fleet.ts";
import type { PulledLeg } from "../../../../src/queue/fleet/pulled-legs.ts";
import {
  type PulledSnapshotCommand,
  pulledHangUpOperation,
  pulledLegsOperation,
  pulledSnapshotOperation,
} from "../../../../src/queue/operations/pulled/pulled-snapshot.ts";
import { capacityOf, now, rowOf, viewOf } from "../../../support/queue-data.ts";

const order = { bootAt: now - 9_000, seq: 12 };
const legOf = (more: Partial<PulledLeg> = {}): PulledLeg => ({
  claimId: "claim-1",
  uniqueId: "a",
  runners: 1,
  qualifiedRepo: "o/r",
  runId: "1",
  state: "accepted",
  until: now + 100_000,
  order: { ...order, seq: 9 },
  ...more,
});
/** Declared to be there for 10 s and a fifth of that, just now. */
const rowWith = (more: Partial<FleetRow> = {}): FleetRow =>
  rowOf(2, { pull: { ...order, seq: 10, presentUntil: now + 12_000 }, ...more });
const commandOf = (more: Partial<PulledSnapshotCommand> = {}): PulledSnapshotCommand => ({
  profileKey: "linux",
  monitor: "ci0",
  order,
  counts: { idle: 2, target: 9, healthy: 9 },
  presentForMs: 10_000,
  listed: [],
  drained: { drainedAt: 0, drainedUntil: 0 },
  ...more,
});
const hear = (row: FleetRow | null, more: Partial<PulledSnapshotCommand> = {}) =>
  pulledSnapshotOperation(commandOf(more)).decide(viewOf({ capacity: capacityOf(row === null ? {} : { ci0: row }) }));

it("reads who comes next only where it may have made room", () => {
  const asked = [
    pulledSnapshotOperation(commandOf()),
    pulledLegsOperation("linux", "ci0"),
    pulledHangUpOperation("linux", "ci0", order),
  ].map(({ name, profileKey, reads }) => [name, profileKey, reads]);
  expect(asked).toEqual([
    ["snapshot", "linux", { front: true }],
    ["pulled_legs", "linux", {}],
    ["snapshot", "linux", {}],
  ]);
});

it("the first word of a monitor is its row, and makes room", () => {
  const { answer, change } = hear(null);
  expect(answer).toEqual({ isOld: false, legs: [], unlisted: [] });
  expect(change).toMatchObject({ wake: ["@ci0"], makesRoom: true, raisesRoom: true });
  expect(change?.snapshots?.get("ci0")).toMatchObject({
    askedAt: now,
    idle: 2,
    target: 9,
    healthy: 9,
    isFailing: false,
    pull: { ...order, presentUntil: now + 12_000 },
  });
});

describe("what a fetch writes", () => {
  it.each([
    { name: "nothing, where it says nothing new", row: {}, more: {}, isWritten: false },
    { name: "other counts", row: {}, more: { counts: { idle: 1, target: 9, healthy: 9 } }, isWritten: true },
    { name: "another target", row: {}, more: { counts: { idle: 2, target: 8, healthy: 9 } }, isWritten: true },
    { name: "another health", row: {}, more: { counts: { idle: 2, target: 9, healthy: 8 } }, isWritten: true },
    {
      name: "another boot",
      row: { pull: { bootAt: 1, seq: 99, presentUntil: now + 12_000 } },
      more: {},
      isWritten: true,
    },
    { name: "that it has runners again, after a refusal", row: { emptyAt: now - 1_000 }, more: {}, isWritten: true },
    {
      name: "nothing, where the refusal is of before the clock was set",
      row: { emptyAt: now + 2_001 },
      more: {},
      isWritten: false,
    },
    {
      name: "that it has runners again, within what clocks may differ",
      row: { emptyAt: now + 2_000 },
      more: {},
      isWritten: true,
    },
    { name: "that it can be heard again", row: { isFailing: true }, more: {}, isWritten: true },
    { name: "nothing, where it said so since", row: { emptyAt: now - 1_001 }, more: {}, isWritten: false },
    {
      name: "a drain that it had not heard of",
      row: {},
      more: { drained: { drainedAt: 5, drainedUntil: 9 } },
      isWritten: true,
    },
    { name: "that it lists a leg", row: { pulled: [legOf()] }, more: { listed: ["claim-1"] }, isWritten: true },
    {
      name: "nothing, where that is known",
      row: { pulled: [legOf({ isListed: true })] },
      more: { listed: ["claim-1"] },
      isWritten: false,
    },
    { name: "nothing, where it does not list a leg", row: { pulled: [legOf()] }, more: {}, isWritten: false },
    {
      name: "nothing, where it still lists one that is settled",
      row: { pulled: [legOf({ state: "refused" })] },
      more: { listed: ["claim-1"] },
      isWritten: false,
    },
    {
      name: "nothing, at the furthest that a hold may have been declared",
      row: { pull: { ...order, seq: 10, presentUntil: now + 132_000 } },
      more: {},
      isWritten: false,
    },
    {
      name: "over a time that lies further ahead",
      row: { pull: { ...order, seq: 10, presentUntil: now + 132_001 } },
      more: {},
      isWritten: true,
    },
    {
      name: "that it saw what settled a leg",
      row: { pulled: [legOf({ state: "taken", order: { ...order, seq: 11 } })] },
      more: {},
      isWritten: true,
    },
    {
      name: "that it is there, when it is time",
      row: { pull: { ...order, seq: 10, presentUntil: now + 9_999 } },
      more: {},
      isWritten: true,
    },
    {
      name: "nothing a moment before",
      row: { pull: { ...order, seq: 10, presentUntil: now + 10_000 } },
      more: {},
      isWritten: false,
    },
    { name: "that it is held", row: {}, more: { presentForMs: 35_000 }, isWritten: true },
    {
      name: "over a time of before the clock was set back",
      row: { pull: { ...order, seq: 10, presentUntil: now + 200_000 } },
      more: {},
      isWritten: true,
    },
  ])("$name", ({ row, more, isWritten }) => {
    expect(hear(rowWith(row), more).change !== undefined).toBe(isWritten);
  });

  const more = { counts: { idle: 3, target: 9, healthy: 9 } };
  const declared = (presentUntil: number) => ({ pull: { ...order, seq: 10, presentUntil } });

  it("counts what came free since, and takes nothing back of what it declared", () => {
    const { change } = hear(rowWith({ ...declared(now + 30_000), isFailing: false, freed: 4 }), more);
    expect(change?.snapshots?.get("ci0")).toEqual({
      askedAt: now,
      idle: 3,
      target: 9,
      healthy: 9,
      isFailing: false,
      drainedAt: 0,
      drainedUntil: 0,
      freed: 5,
      pull: { ...order, presentUntil: now + 30_000 },
    });
    expect(change?.takes?.size, "takes stay as they are").toBe(0);
  });

  it("declares anew with what it says, where it stays for longer", () => {
    const { change } = hear(rowWith(declared(now + 9_999)), more);
    expect(change?.snapshots?.get("ci0")?.pull?.presentUntil).toBe(now + 12_000);
  });

  it("is no failure any more", () => {
    expect(hear(rowWith({ isFailing: true })).change?.snapshots?.get("ci0")?.isFailing).toBe(false);
  });

  it("notes that it lists a leg where its takes are kept, with the others", () => {
    const other = legOf({ claimId: "claim-2" });
    const { answer, change } = hear(rowWith({ pulled: [legOf(), other] }), { listed: ["claim-1"] });
    const legs = [legOf({ isListed: true }), other];
    expect(answer.legs).toEqual(legs);
    expect(change?.takes?.get("ci0")?.pulled).toEqual(legs);
  });

  it("of another health makes no room, and takes none", () => {
    const { change } = hear(rowWith(), { counts: { idle: 2, target: 9, healthy: 8 } });
    expect(change).toMatchObject({ makesRoom: false, raisesRoom: false });
  });

  it("of a monitor that was called before makes no room of what was reserved then", () => {
    const { change } = hear(rowWith({ settled: [[now, 1]] }), { counts: { idle: 2, target: 9, healthy: 8 } });
    expect(change?.makesRoom).toBe(false);
  });

  it("older news changes nothing, and hears of nothing", () => {
    const legs = [legOf(), legOf({ claimId: "claim-2", state: "offered" })];
    for (const at of [
      { ...order, seq: 9 },
      { bootAt: order.bootAt - 1, seq: 99 },
    ]) {
      expect(hear(rowWith({ pulled: legs }), { order: at, counts: { idle: 0, target: 0, healthy: 0 } })).toEqual({
        answer: { isOld: true, legs: [], unlisted: [] },
      });
    }
  });

  it("fewer runners than others may count on raise the room, more of them do not", () => {
    expect(hear(rowWith(), { counts: { idle: 1, target: 9, healthy: 9 } }).change?.raisesRoom).toBe(true);
    expect(hear(rowWith(), { counts: { idle: 3, target: 9, healthy: 9 } }).change?.raisesRoom).toBe(false);
    expect(hear(rowWith(), { counts: { idle: 2, target: 8, healthy: 9 } }).change?.raisesRoom).toBe(true);
  });
});

describe("which legs it shows to be free", () => {
  it.each([
    { name: "one that it accepted before, and does not list", leg: {}, listed: [], expected: ["claim-1"] },
    { name: "none that it lists", leg: {}, listed: ["claim-1"], expected: [] },
    { name: "none that is only offered", leg: { state: "offered" as const }, listed: [], expected: [] },
    { name: "none that was accepted later than this was said", leg: { order }, listed: [], expected: [] },
    { name: "none that is settled", leg: { state: "refused" as const }, listed: [], expected: [] },
  ])("$name", ({ leg, listed, expected }) => {
    const { answer } = hear(rowWith({ pulled: [legOf(leg)] }), { listed });
    expect(answer.unlisted.map(({ claimId }) => claimId)).toEqual(expected);
  });
});

it("what is offered to a monitor is read from its row alone", () => {
  const legs = [legOf()];
  const view = viewOf({ capacity: capacityOf({ ci0: rowWith({ pulled: legs }), ci1: rowOf(1) }) });
  expect(pulledLegsOperation("linux", "ci0").decide(view)).toEqual({ answer: legs });
  expect(pulledLegsOperation("linux", "ci1").decide(view)).toEqual({ answer: [] });
  expect(pulledLegsOperation("linux", "ci2").decide(view)).toEqual({ answer: [] });
});

it("what a key accepted too long ago is no more that key's", () => {
  const legs = [
    legOf({ state: "accepted", key: "k", repeatUntil: now }),
    legOf({ state: "accepted", key: "k", repeatUntil: now - 1 }),
  ];
  const view = viewOf({ capacity: capacityOf({ ci0: rowWith({ pulled: legs }) }) });
  const keysOf = (found: readonly PulledLeg[]) => found.map(({ key }) => key);
  expect(keysOf(pulledLegsOperation("linux", "ci0").decide(view).answer)).toEqual(["k", undefined]);
  expect(keysOf(hear(rowWith({ pulled: legs })).answer.legs)).toEqual(["k", undefined]);
});

describe("a held fetch that ends too soon", () => {
  const hangUp = (row: FleetRow | null) =>
    pulledHangUpOperation("linux", "ci0", order).decide(
      viewOf({ capacity: capacityOf(row === null ? {} : { ci0: row }) }),
    );

  it("declares no more than PULL_PRESENCE from now", () => {
    const { change } = hangUp(rowWith({ pull: { ...order, presentUntil: now + 35_000 } }));
    const { answer } = hangUp(rowWith({ pull: { ...order, presentUntil: now + 35_000 } }));
    expect(answer).toBeNull();
    expect(change?.snapshots?.get("ci0")).toMatchObject({ idle: 2, pull: { ...order, presentUntil: now + 10_000 } });
  });

  it.each([
    { name: "it declared less", row: rowWith({ pull: { ...order, presentUntil: now + 10_000 } }) },
    { name: "it is called", row: rowOf(2) },
    {
      name: "a later fetch declared it",
      row: rowWith({ pull: { ...order, seq: order.seq + 1, presentUntil: now + 35_000 } }),
    },
    { name: "nobody knows it", row: null },
  ])("writes nothing where $name", ({ row }) => {
    expect(hangUp(row)).toEqual({ answer: null });
  });
});
