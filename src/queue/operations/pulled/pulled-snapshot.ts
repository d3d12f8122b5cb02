// What a monitor that fetches says of a profile. Older news changes nothing, and a fetch that says
// nothing new writes nothing, but that its monitor is there.
import {
  type Drained,
  type FleetRow,
  noSnapshot,
  noTakes,
  type ProfileCounts,
  snapshotOf,
  type Takes,
  takesOf,
  withDrained,
} from "../../fleet/fleet.ts";
import { countFreed } from "../../fleet/freed-rate.ts";
import {
  isLaterOrder,
  isOpenPulled,
  isRepeatable,
  type MonitorOrder,
  type PulledLeg,
  showsSettled,
  wakeNameOf,
} from "../../fleet/pulled-legs.ts";
import type { Operation } from "../../profile.ts";
import { clockToleranceMs } from "../../settings.ts";

export interface PulledSnapshotCommand {
  readonly profileKey: string;
  readonly monitor: string;
  readonly order: MonitorOrder;
  readonly counts: ProfileCounts;
  /** how long the monitor declares to be there, ms */
  readonly presentForMs: number;
  /** ids of the claims whose legs it lists */
  readonly listed: readonly string[];
  readonly drained: Drained;
}

export interface PulledSnapshotReply {
  readonly isOld: boolean;
  /** what the row holds of its legs */
  readonly legs: readonly PulledLeg[];
  /** accepted before this snapshot, and not listed by it: not reserved, and never will be */
  readonly unlisted: readonly PulledLeg[];
}

export function pulledSnapshotOperation(command: PulledSnapshotCommand): Operation<PulledSnapshotReply> {
  const { profileKey, monitor, order, counts, presentForMs, drained } = command;
  return {
    name: "snapshot",
    profileKey,
    reads: { front: true },
    decide: (view) => {
      const { now, capacity, settings } = view;
      const known: FleetRow = capacity.rows.get(monitor) ?? { ...noSnapshot, ...noTakes };
      if (known.pull !== undefined && isLaterOrder(known.pull, order)) {
        return { answer: { isOld: true, legs: [], unlisted: [] } };
      }
      const listed = new Set(command.listed);
      const legs = (known.pulled ?? []).map((leg) => noteListed(leg, listed));
      const isNewlyListed = legs.some((leg, at) => leg !== known.pulled?.[at]);
      const unlisted = legs.filter(
        (leg) => leg.state === "accepted" && !listed.has(leg.claimId) && isEarlier(leg, order),
      );
      const answer = { isOld: false, legs: legs.map((leg) => keyedNow(leg, now)), unlisted };
      const slackMs = settings.pullPresenceMs / 5;
      const presentUntil = now + presentForMs + slackMs;
      const isNews =
        known.pull === undefined ||
        known.pull.bootAt !== order.bootAt ||
        known.isFailing ||
        known.idle !== counts.idle ||
        known.target !== counts.target ||
        known.healthy !== counts.healthy ||
        (known.emptyAt >= known.askedAt && known.emptyAt <= now + clockToleranceMs) ||
        drained.drainedAt > known.drainedAt ||
        isNewlyListed ||
        showsSettled(known.pulled, known.pull, order);
      const isLonger = needsDeclaring(known.pull?.presentUntil ?? 0, presentUntil, slackMs);
      if (!isNews && !isLonger) return { answer };
      const freed = countFreed(known, now, counts, now, settings.snapshotFreshMs);
      const informed = withDrained(known, drained);
      const row: FleetRow = {
        ...informed,
        ...counts,
        askedAt: Math.max(now, 1),
        isFailing: false,
        freed: known.freed + freed,
        pull: { ...order, presentUntil: isLonger ? presentUntil : (known.pull?.presentUntil ?? presentUntil) },
        ...(legs.length > 0 && { pulled: legs }),
      };
      const before = capacity.totals(now);
      capacity.set(monitor, row, now);
      const after = capacity.totals(now);
      const takes: ReadonlyMap<string, Takes> = isNewlyListed ? new Map([[monitor, takesOf(row)]]) : new Map();
      return {
        answer,
        change: {
          snapshots: new Map([[monitor, snapshotOf(row)]]),
          takes,
          // a fetch that is held elsewhere, older than this one, is answered
          wake: [wakeNameOf(monitor)],
          // a fetch that only says that its monitor is there frees nobody
          makesRoom: after.available > before.available,
          raisesRoom: after.available < before.available || after.servable !== before.servable,
        },
      };
    },
  };
}

function noteListed(leg: PulledLeg, listed: ReadonlySet<string>): PulledLeg {
  return isOpenPulled(leg) && listed.has(leg.claimId) && leg.isListed !== true ? { ...leg, isListed: true } : leg;
}

function isEarlier(leg: PulledLeg, order: MonitorOrder): boolean {
  return leg.order !== undefined && isLaterOrder(order, leg.order);
}

/** A furthest hold: what lies further ahead is from before the clock was set back. */
const maxDeclaredMs = 120_000;

/** Presence is declared a little in advance, so that not each fetch of a busy monitor writes it. */
function needsDeclaring(known: number, wanted: number, slackMs: number): boolean {
  return known < wanted - slackMs || known > wanted + maxDeclaredMs;
}

/** What is offered to a monitor in this profile, for a fetch that waits. */
export function pulledLegsOperation(profileKey: string, monitor: string): Operation<readonly PulledLeg[]> {
  return {
    name: "pulled_legs",
    profileKey,
    reads: {},
    decide: ({ capacity, now }) => {
      const legs = capacity.rows.get(monitor)?.pulled ?? [];
      return { answer: legs.map((leg) => keyedNow(leg, now)) };
    },
  };
}

/** The leg, without its key where the same key would bring it too late. */
function keyedNow({ key, ...leg }: PulledLeg, now: number): PulledLeg {
  return key === undefined || !isRepeatable(leg, now) ? leg : { ...leg, key };
}

/**
 * A monitor whose held fetch ended too soon is there for PULL_PRESENCE from now, unless it said something since.
 * @param order of the fetch
 */
export function pulledHangUpOperation(profileKey: string, monitor: string, order: MonitorOrder): Operation<null> {
  return {
    name: "snapshot",
    profileKey,
    reads: {},
    decide: ({ capacity, now, settings }) => {
      const row = capacity.rows.get(monitor);
      const presentUntil = now + settings.pullPresenceMs;
      if (row?.pull === undefined || row.pull.presentUntil <= presentUntil) return { answer: null };
      if (isLaterOrder(row.pull, order)) return { answer: null };
      const shorter = snapshotOf({ ...row, pull: { ...row.pull, presentUntil } });
      return { answer: null, change: { snapshots: new Map([[monitor, shorter]]) } };
    },
  };
}
