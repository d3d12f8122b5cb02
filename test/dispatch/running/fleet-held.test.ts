// The fleet that an instance holds is what the store sent, newest last, and never a mixture of two
// epochs.
import { describe, expect, it } from "vitest";
import { FleetHeld } from "../../../src/dispatch/running/fleet-held.ts";
import { Capacity } from "../../../src/queue/fleet/capacity.ts";
import { type FleetRow, noTakes, snapshotOf, takesOf } from "../../../src/queue/fleet/fleet.ts";
import type { FleetDocument, Loaded } from "../../../src/queue/store.ts";
import { now, rowOf, settings } from "../../support/queue-data.ts";

const snapshot = (monitor: string, row: FleetRow | null, revision = "r1"): FleetDocument => ({
  kind: "snapshot",
  monitor,
  revision,
  value: row === null ? null : snapshotOf(row),
});
const takes = (monitor: string, row: FleetRow | null, revision = "r1"): FleetDocument => ({
  kind: "takes",
  monitor,
  revision,
  value: row === null ? null : takesOf(row),
});
const busy = rowOf(3, { out: [["c", 1, now + 9_000]] });

function holding(
  ...loads: readonly { readonly epoch?: string; readonly isWhole?: boolean; readonly fleet: readonly FleetDocument[] }[]
) {
  const held = new FleetHeld(new Capacity(10_000), settings);
  for (const [at, { epoch = "e1", isWhole = false, fleet }] of loads.entries()) {
    held.update({ epoch, fleetVersion: at + 1, isWholeFleet: isWhole, fleet, now: now + at } as Loaded, 0);
  }
  return held;
}

describe("a row", () => {
  it.each([
    { name: "is both documents", fleet: [snapshot("ci0", busy), takes("ci0", busy)], expected: { ci0: busy } },
    {
      name: "is its snapshot, where nothing was done there",
      fleet: [snapshot("ci0", busy)],
      expected: { ci0: { ...busy, ...noTakes } },
    },
    { name: "is none, where its monitor said nothing yet", fleet: [takes("ci0", busy)], expected: {} },
    {
      name: "is gone with its snapshot",
      fleet: [snapshot("ci0", busy), takes("ci0", busy), snapshot("ci0", null, "r2")],
      expected: {},
    },
    {
      name: "is the newest of each",
      fleet: [snapshot("ci0", busy), takes("ci0", busy), snapshot("ci0", rowOf(1), "r2")],
      expected: { ci0: { ...busy, ...snapshotOf(rowOf(1)) } },
    },
  ] as { name: string; fleet: FleetDocument[]; expected: Record<string, FleetRow> }[])(
    "$name",
    ({ fleet, expected }) => {
      expect(Object.fromEntries(holding({ isWhole: true, fleet }).capacity.rows)).toEqual(expected);
      // one after the other is the same as at once
      const each = fleet.map((document) => ({ fleet: [document] }));
      expect(Object.fromEntries(holding(...each).capacity.rows)).toEqual(expected);
    },
  );
});

it("documents of another epoch replace all that was held", () => {
  const held = holding(
    { isWhole: true, fleet: [snapshot("ci0", busy)] },
    { epoch: "e2", isWhole: true, fleet: [snapshot("ci1", rowOf(1))] },
  );
  expect([...held.capacity.rows.keys()]).toEqual(["ci1"]);
  expect([held.epoch, held.version, held.revisionOf("snapshot", "ci0")]).toEqual(["e2", 2, ""]);
});

it("what is newer is added to what is held", () => {
  const held = holding({ isWhole: true, fleet: [snapshot("ci0", busy)] }, { fleet: [snapshot("ci1", rowOf(1), "r2")] });
  expect([...held.capacity.rows.keys()]).toEqual(["ci0", "ci1"]);
  expect([
    held.revisionOf("snapshot", "ci0"),
    held.revisionOf("snapshot", "ci1"),
    held.revisionOf("takes", "ci1"),
  ]).toEqual(["r1", "r2", ""]);
});

it("a row that a decision changed is put back as the store has it", () => {
  const held = holding({ isWhole: true, fleet: [snapshot("ci0", rowOf(3))] });
  held.capacity.set("ci0", rowOf(0), now);
  held.capacity.set("ci9", rowOf(5), now);
  held.restore("ci0", now);
  held.restore("ci9", now);
  expect([...held.capacity.rows].map(([monitor, { idle }]) => [monitor, idle])).toEqual([["ci0", 3]]);
  expect(held.capacity.totals(now).available).toBe(3);
});

it("when room was seen last is remembered, and nothing else moves it", () => {
  expect(holding({ fleet: [snapshot("ci0", rowOf(0))] }).roomSeenAt).toBe(0);
  expect(
    holding({ fleet: [snapshot("ci0", rowOf(1))] }, { fleet: [] }, { fleet: [snapshot("ci0", rowOf(0), "r2")] })
      .roomSeenAt,
  ).toBe(now + 1);
});

describe("when the clock was set", () => {
  const load = (fleet: readonly FleetDocument[]) =>
    ({ epoch: "e1", fleetVersion: 1, isWholeFleet: false, fleet, now }) as unknown as Loaded;

  it("legs that were out count as long as one that is sent then, also in rows that were held before", () => {
    const held = new FleetHeld(new Capacity(10_000), settings);
    held.update(load([snapshot("ci0", busy), takes("ci0", busy)]), 0);
    expect(held.capacity.rows.get("ci0")?.out).toEqual([["c", 1, now + 9_000]]);
    held.update(load([snapshot("ci1", busy), takes("ci1", busy)]), now - 1_000);
    const until = now - 1_000 + 152_000;
    for (const monitor of ["ci0", "ci1"]) expect(held.capacity.rows.get(monitor)?.out).toEqual([["c", 1, until]]);
  });
});
