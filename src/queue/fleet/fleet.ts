// What a profile's monitors last said, and how many runners may still be claimed there.
//
// A row is one monitor's part of one profile, kept as two documents, because two kinds of
// operations write it:
//   snapshot   the monitor's own word, `askedAt` old, written once an interval by whoever asked it
//   takes      what we did there since: the legs in `out` are unsettled; `settled` are reserved, but perhaps after the
//              snapshot was rendered. A settled claim stops being subtracted when a snapshot arrives that was asked for
//              after the claim settled.
import { z } from "zod";
import type { Job, Leg } from "../job/job.ts";
import {
  clockToleranceMs,
  legMemoryMs,
  maxTakeBackoffMs,
  rejectedBackoffMs,
  targetMemoryMs,
  unsentBackoffMs,
} from "../settings.ts";
import {
  openPulled,
  pulledLegSchema,
  pullSchema,
  unseenRunners,
  withOfferedLeg,
  withPulledLeg,
} from "./pulled-legs.ts";

export const snapshotSchema = z.object({
  /** store clock, ms, when the question was asked that this answers; 0: never answered */
  askedAt: z.number(),
  idle: z.number().int().nonnegative(),
  target: z.number().int().nonnegative(),
  healthy: z.number().int().nonnegative(),
  /** the last dashboard request failed (a 503 is no failure) */
  isFailing: z.boolean(),
  /**
   * when an operator last drained or resumed it, and until when it is drained since (store clock,
   * ms; 0: not at all)
   */
  drainedAt: z.number(),
  drainedUntil: z.number(),
  /** runners that came free (less those that vanished) in all snapshots so far */
  freed: z.number().int(),
  /** it fetches its takes; absent: it is called */
  pull: pullSchema.optional(),
});
export type Snapshot = z.infer<typeof snapshotSchema>;

export const takesSchema = z.object({
  /**
   * legs asked for and unsettled: claim id, runners, and when they stop counting even if nobody
   * ever settles them
   */
  out: z.array(z.tuple([z.string(), z.number(), z.number()])),
  settled: z.array(z.tuple([z.number(), z.number()])),
  /** a take was refused at this time: the monitor counts as empty until a later snapshot */
  emptyAt: z.number(),
  /**
   * the jobs that were refused here since the last success: a bad job is one mark against a
   * monitor, however often it asks
   */
  refusedJobs: z.array(z.string()),
  /** takes that were refused here since the last success, for people to read */
  refusals: z.number().int(),
  blockedUntil: z.number(),
  lastTakeAt: z.number(),
  /** legs at a monitor that fetches its takes: they are in no other list */
  pulled: z.array(pulledLegSchema).optional(),
});
export type Takes = z.infer<typeof takesSchema>;

export interface FleetRow extends Snapshot, Takes {}
export type Fleet = ReadonlyMap<string, FleetRow>;

/** What a dashboard says of one profile. */
export interface ProfileCounts {
  readonly idle: number;
  readonly target: number;
  readonly healthy: number;
}

/** Whose leg it is. */
type LegOwner = Pick<Job, "uniqueId" | "qualifiedRepo" | "runId">;

/** A hold and PULL_PRESENCE: presence that lies further ahead is from before the clock was set back. */
const maxPullPresenceMs = 180_000;
/** More refused jobs than these say nothing more. */
const maxRefusedJobs = 12;

export const noSnapshot: Snapshot = {
  askedAt: 0,
  idle: 0,
  target: 0,
  healthy: 0,
  isFailing: false,
  drainedAt: 0,
  drainedUntil: 0,
  freed: 0,
};
export const noTakes: Takes = {
  out: [],
  settled: [],
  emptyAt: 0,
  refusedJobs: [],
  refusals: 0,
  blockedUntil: 0,
  lastTakeAt: 0,
};

/**
 * Whether a time lies ahead by no more than it can: one that lies further ahead was written before
 * the clock was set back.
 */
function isAhead(until: number, now: number, maxAheadMs: number): boolean {
  return until > now && until <= now + maxAheadMs + clockToleranceMs;
}

/**
 * Whether the row's snapshot may be built upon. One from the future was asked for before the clock
 * was set back.
 */
export function isFresh(row: Snapshot, now: number, freshMs: number): boolean {
  if (row.pull !== undefined) return isAhead(row.pull.presentUntil, now, maxPullPresenceMs);
  return !row.isFailing && row.askedAt + freshMs >= now && row.askedAt <= now + clockToleranceMs;
}

/** Runners that may be claimed at one monitor now. */
export function availableRunners(row: FleetRow, now: number, freshMs: number): number {
  if (row.drainedUntil > now || !isFresh(row, now, freshMs) || isBlocked(row, now)) return 0;
  if (row.emptyAt >= row.askedAt && row.emptyAt <= now + clockToleranceMs) return 0;
  const isProbed = row.refusedJobs.length >= 2 && countLegsOut(row, now) > 0;
  if (isProbed) return 0;
  return Math.max(0, row.idle - claimedRunners(row, now));
}

/** Runners asked for at one monitor, or reserved there and not yet visible in a snapshot. */
export function claimedRunners(row: FleetRow, now: number): number {
  const asked = legsOut(row, now).reduce((sum, [, runners]) => sum + runners, 0);
  if (row.pulled !== undefined) return asked + unseenRunners(row.pulled, row.pull, now);
  return settledUnseen(row, now).reduce((sum, [, runners]) => sum + runners, asked);
}

/**
 * What was reserved, but perhaps after the snapshot was rendered. One from the future was settled
 * before the clock was set back.
 */
export function settledUnseen(row: FleetRow, now: number): Takes["settled"] {
  return row.settled.filter(([at]) => at >= row.askedAt && at <= now + clockToleranceMs);
}

/** Whether takes leave the monitor alone, after refusals. */
export function isBlocked(row: Takes, now: number): boolean {
  return isAhead(row.blockedUntil, now, rejectedBackoffMs);
}

/** Runners that monitors with a fresh snapshot call idle, claimed or not. */
export function idleRunners(fleet: Fleet, now: number, freshMs: number): number {
  let sum = 0;
  for (const row of fleet.values()) if (isFresh(row, now, freshMs)) sum += row.idle;
  return sum;
}

/** Unsettled legs at one monitor. */
export function legsOut(row: Takes, now: number): Takes["out"] {
  return row.out.every(([, , until]) => until > now) ? row.out : row.out.filter(([, , until]) => until > now);
}

/** How many legs at one monitor are unsettled, whichever way they reach it. */
export function countLegsOut(row: Takes, now: number): number {
  return legsOut(row, now).length + openPulled(row.pulled, now).length;
}

/** Whether the monitor was heard of lately. */
export function isHeardLately(row: Snapshot, now: number): boolean {
  if (row.pull !== undefined && isAhead(row.pull.presentUntil, now, maxPullPresenceMs)) return true;
  return row.askedAt + targetMemoryMs > now && row.askedAt <= now + clockToleranceMs;
}

/** Runners that a monitor, heard of lately and not drained, wants to keep of this profile. */
export function servableAt(row: FleetRow, now: number): number {
  return isHeardLately(row, now) && row.drainedUntil <= now ? row.target : 0;
}

/**
 * Runners that the monitors heard of lately, and not drained, want to keep: a job that needs more
 * cannot be served now.
 */
export function servableRunners(fleet: Fleet, now: number): number {
  let sum = 0;
  for (const row of fleet.values()) sum += servableAt(row, now);
  return sum;
}

/**
 * Runners that all monitors together want to keep of this profile, by their last word, however old.
 */
export function targetRunners(fleet: Fleet): number {
  let sum = 0;
  for (const row of fleet.values()) sum += row.target;
  return sum;
}

/**
 * The snapshot after a dashboard was read; `counts` is null where the monitor failed to give one.
 * Older news changes nothing.
 */
export function withSnapshot<Row extends Snapshot>(
  row: Row,
  askedAt: number,
  counts: ProfileCounts | null,
  now: number,
): Row {
  const isOlder = askedAt < row.askedAt && row.askedAt <= now + clockToleranceMs;
  if (isOlder) return row;
  if (counts === null) return row.isFailing ? row : { ...row, isFailing: true };
  const { idle, target, healthy } = counts;
  return { ...row, idle, target, healthy, askedAt, isFailing: false };
}

/** What operators last said of a monitor. */
export type Drained = Pick<Snapshot, "drainedAt" | "drainedUntil">;

/** The row with what an operator said; the last word counts, however late an older one arrives. */
export function withDrained<Row extends Snapshot>(row: Row, drained: Drained): Row {
  return drained.drainedAt > row.drainedAt ? { ...row, ...drained } : row;
}

/**
 * How long a monitor is left alone after it refused so many jobs in a row: not at all after one,
 * which may be a bad job.
 */
export function decideTakeBackoffMs(refusedJobs: number): number {
  return refusedJobs < 2 ? 0 : Math.min(maxTakeBackoffMs, 1000 * 2 ** Math.min(refusedJobs - 2, 10));
}

/** The takes after a leg was sent out. What no longer counts is left behind. */
export function withLegOut(
  row: FleetRow,
  { uniqueId, qualifiedRepo, runId }: LegOwner,
  claimId: string,
  leg: Leg,
  now: number,
): Takes {
  const until = leg.holdUntil + legMemoryMs;
  if (leg.offeredUntil !== undefined) {
    const { runners } = leg;
    const offer = { claimId, uniqueId, runners, qualifiedRepo, runId, state: "offered" as const, until };
    return { ...takesOf(row), pulled: withOfferedLeg(row.pulled, offer, now), lastTakeAt: now };
  }
  const settled = settledUnseen(row, now);
  return { ...takesOf(row), settled, out: [...legsOut(row, now), [claimId, leg.runners, until]], lastTakeAt: now };
}

export type LegEnd =
  | { readonly state: "taken"; readonly runners: number }
  | { readonly state: "refused"; readonly blame: "none" | "refused" | "rejected"; readonly uniqueId: string };

/** The takes that count a leg for as long as evidence of it is waited for. */
export function withLegExtended(row: Takes, claimId: string, leg: Leg): Takes {
  const until = leg.holdUntil + legMemoryMs;
  const out = row.out.map((one): Takes["out"][number] =>
    one[0] === claimId && one[2] < until ? [claimId, one[1], until] : one,
  );
  return { ...takesOf(row), out };
}

/** The takes after a leg for `asked` runners ended. */
export function withLegEnded(row: FleetRow, claimId: string, asked: number, end: LegEnd, now: number): Takes {
  const state = end.state === "taken" ? "taken" : "refused";
  const isPulled = row.pulled?.some((leg) => leg.claimId === claimId) ?? false;
  const back: Takes = isPulled
    ? { ...takesOf(row), pulled: withPulledLeg(row.pulled, claimId, { state }, now) }
    : { ...takesOf(row), out: row.out.filter(([id]) => id !== claimId) };
  if (end.state === "taken") {
    const emptyAt = end.runners < asked ? now : row.emptyAt;
    // what a monitor that fetches has settled is told by its next snapshot
    const settled: Takes["settled"] = isPulled ? row.settled : [...settledUnseen(row, now), [now, end.runners]];
    return { ...back, refusedJobs: [], refusals: 0, blockedUntil: 0, emptyAt, settled };
  }
  // Nobody's fault, but asking here again at once would meet the same: let the next monitor be
  // asked.
  if (end.blame === "none") return { ...back, blockedUntil: Math.max(row.blockedUntil, now + unsentBackoffMs) };
  const refusedJobs = [...row.refusedJobs.filter((id) => id !== end.uniqueId), end.uniqueId].slice(-maxRefusedJobs);
  const backoffMs = end.blame === "rejected" ? rejectedBackoffMs : decideTakeBackoffMs(refusedJobs.length);
  return { ...back, refusedJobs, refusals: row.refusals + 1, emptyAt: now, blockedUntil: now + backoffMs };
}

export function takesOf(row: Takes): Takes {
  const { out, settled, emptyAt, refusedJobs, refusals, blockedUntil, lastTakeAt, pulled } = row;
  const takes = { out, settled, emptyAt, refusedJobs, refusals, blockedUntil, lastTakeAt };
  return pulled === undefined ? takes : { ...takes, pulled };
}

export function snapshotOf(row: Snapshot): Snapshot {
  const { askedAt, idle, target, healthy, isFailing, drainedAt, drainedUntil, freed, pull } = row;
  const snapshot = { askedAt, idle, target, healthy, isFailing, drainedAt, drainedUntil, freed };
  return pull === undefined ? snapshot : { ...snapshot, pull };
}
