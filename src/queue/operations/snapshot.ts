// Snapshot: what one monitor says of a profile, or that it failed to say anything. Older news
// changes nothing. It writes the monitor's own document only, so that no snapshot waits for
// another.
import {
  type Drained,
  type FleetRow,
  noSnapshot,
  noTakes,
  type ProfileCounts,
  settledUnseen,
  snapshotOf,
  withDrained,
  withSnapshot,
} from "../fleet/fleet.ts";
import { countFreed } from "../fleet/freed-rate.ts";
import type { Operation } from "../profile.ts";

export interface SnapshotCommand {
  readonly profileKey: string;
  readonly monitor: string;
  /** store clock, ms */
  readonly askedAt: number;
  /** null: it failed to say anything */
  readonly counts: ProfileCounts | null;
  readonly drained: Drained;
}

/**
 * Answers whether somebody wants news of this monitor soon: a job waits, or a claim there is not
 * visible yet.
 */
export function snapshotOperation(command: SnapshotCommand): Operation<boolean> {
  const { profileKey, monitor, askedAt, counts, drained } = command;
  return {
    name: "snapshot",
    profileKey,
    reads: { front: true, sizes: true },
    decide: (view) => {
      const { now, capacity, sizes, settings } = view;
      const known: FleetRow = capacity.rows.get(monitor) ?? { ...noSnapshot, ...noTakes };
      const informed = withDrained(known, drained);
      const next = withSnapshot(informed, askedAt, counts, now);
      const isNews = next !== informed;
      const freed = isNews ? countFreed(informed, askedAt, counts, now, settings.snapshotFreshMs) : 0;
      const row = { ...next, freed: next.freed + freed };
      const isWanted =
        sizes.line.length > 0 || sizes.aside.length > 0 || row.out.length > 0 || settledUnseen(row, now).length > 0;
      if (!isNews && informed === known) return { answer: isWanted };
      const before = capacity.totals(now);
      capacity.set(monitor, row, now);
      const after = capacity.totals(now);
      return {
        answer: isWanted,
        change: {
          snapshots: new Map([[monitor, snapshotOf(row)]]),
          makesRoom: after.available > 0,
          raisesRoom: after.available < before.available || after.servable !== before.servable,
        },
      };
    },
  };
}

/** Forgets what a monitor said of a profile: it is no part of the fleet any more. */
export function forgetMonitorOperation(profileKey: string, monitor: string): Operation<null> {
  return {
    name: "forget_monitor",
    profileKey,
    reads: {},
    decide: ({ capacity }) =>
      capacity.rows.has(monitor)
        ? { answer: null, change: { removed: [monitor], raisesRoom: true } }
        : { answer: null },
  };
}
