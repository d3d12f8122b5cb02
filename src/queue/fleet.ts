// What a profile's monitors last said, and how many runners may still be claimed there.
//
// A row is one monitor's part of one profile. `idle` is its own word, `askedAt` old. Since then we may have asked it
// for runners: the legs in `out` are unsettled; `settled` are reserved, but perhaps after the snapshot was rendered. A
// settled claim stops being subtracted when a snapshot arrives that was asked for after the claim settled.
import { z } from "zod";
import type { Leg } from "./job.ts";
import {
  forgetMonitorAfterMs,
  legMemoryMs,
  rejectedBackoffMs,
  takeBackoffMaxMs,
  targetMemoryMs,
  unsentBackoffMs,
} from "./settings.ts";

export const fleetRowSchema = z.object({
  /** store clock, ms, when the question was asked that this row answers */
  askedAt: z.number(),
  idle: z.number().int().nonnegative(),
  target: z.number().int().nonnegative(),
  healthy: z.number().int().nonnegative(),
  /** the last dashboard request failed (a 503 is no failure) */
  failing: z.boolean(),
  /** legs asked for and unsettled: claim id, runners, and when they stop counting even if nobody ever settles them */
  out: z.union([
    z.array(z.tuple([z.string(), z.number(), z.number()])),
    z
      .object({})
      .strict()
      .transform((): [string, number, number][] => []),
  ]),
  settled: z.union([
    z.array(z.tuple([z.number(), z.number()])),
    z
      .object({})
      .strict()
      .transform((): [number, number][] => []),
  ]),
  /** a take was refused at this time: the monitor counts as empty until a later snapshot */
  emptyAt: z.number(),
  /** takes refused in a row */
  failures: z.number().int(),
  blockedUntil: z.number(),
  lastTakeAt: z.number(),
  /** when an operator last drained or resumed it, and until when it is drained since (store clock, ms; 0: not at all) */
  drainedAt: z.number(),
  drainedUntil: z.number(),
});
export type FleetRow = z.infer<typeof fleetRowSchema>;
export type Fleet = Readonly<Record<string, FleetRow>>;

/** What a dashboard says of one profile. */
export interface ProfileCounts {
  readonly idle: number;
  readonly target: number;
  readonly healthy: number;
}

export function createFleetRow(): FleetRow {
  return {
    askedAt: 0,
    idle: 0,
    target: 0,
    healthy: 0,
    failing: false,
    out: [],
    settled: [],
    emptyAt: 0,
    failures: 0,
    blockedUntil: 0,
    lastTakeAt: 0,
    drainedAt: 0,
    drainedUntil: 0,
  };
}

/** Runners that may be claimed at one monitor now. */
export function availableRunners(row: FleetRow, now: number, freshMs: number): number {
  if (row.drainedUntil > now) return 0;
  if (row.failing || row.askedAt + freshMs < now) return 0;
  if (row.emptyAt >= row.askedAt || row.blockedUntil > now) return 0;
  const out = legsOut(row, now);
  const isProbed = row.failures >= 2 && out.length > 0;
  if (isProbed) return 0;
  const asked = out.reduce((sum, [, runners]) => sum + runners, 0);
  const invisible = row.settled.reduce((sum, [, runners]) => sum + runners, 0);
  return Math.max(0, row.idle - asked - invisible);
}

/** Runners that monitors with a fresh snapshot call idle, claimed or not. */
export function idleRunners(fleet: Fleet, now: number, freshMs: number): number {
  return Object.values(fleet).reduce((sum, row) => {
    const isFresh = !row.failing && row.askedAt + freshMs >= now;
    return sum + (isFresh ? row.idle : 0);
  }, 0);
}

/** Unsettled legs at one monitor. */
export function legsOut(row: FleetRow, now: number): FleetRow["out"] {
  return row.out.filter(([, , until]) => until > now);
}

/** Runners that the monitors heard of lately, and not drained, want to keep of this profile: a job that needs more cannot be served now. */
export function servableRunners(fleet: Fleet, now: number): number {
  return Object.values(fleet).reduce((sum, row) => {
    const isServing = row.askedAt + targetMemoryMs > now && row.drainedUntil <= now;
    return sum + (isServing ? row.target : 0);
  }, 0);
}

/** Whether any monitor that could know of this profile was heard of lately. */
export function isFleetHeard(fleet: Fleet, now: number): boolean {
  return Object.values(fleet).some((row) => row.askedAt + targetMemoryMs > now);
}

/** Runners that all monitors together want to keep of this profile, by their last word, however old. */
export function targetRunners(fleet: Fleet): number {
  return Object.values(fleet).reduce((sum, row) => sum + row.target, 0);
}

/** The row after a dashboard was read; `counts` is null where the monitor failed to give one. Older news changes nothing. */
export function withSnapshot(row: FleetRow, askedAt: number, counts: ProfileCounts | null): FleetRow {
  if (askedAt < row.askedAt) return row;
  if (counts === null) return { ...row, failing: true };
  return { ...row, ...counts, askedAt, failing: false, settled: row.settled.filter(([at]) => at >= askedAt) };
}

/** What operators last said of a monitor. */
export type Drained = Pick<FleetRow, "drainedAt" | "drainedUntil">;

/** The row with what an operator said; the last word counts, however late an older one arrives. */
export function withDrained(row: FleetRow, drained: Drained): FleetRow {
  return drained.drainedAt > row.drainedAt ? { ...row, ...drained } : row;
}

/** The fleet without monitors that nobody has heard of for so long that they are no part of it any more. */
export function withoutForgotten(fleet: Fleet, now: number): Fleet {
  return Object.fromEntries(Object.entries(fleet).filter(([, row]) => row.askedAt + forgetMonitorAfterMs > now));
}

/** How long a monitor is left alone after its n-th refusal in a row: not at all after the first, which may be bad luck. */
export function decideTakeBackoffMs(failures: number): number {
  return failures < 2 ? 0 : Math.min(takeBackoffMaxMs, 1000 * 2 ** Math.min(failures - 2, 10));
}

/** The row after a leg was sent out. */
export function withLegOut(row: FleetRow, claimId: string, leg: Leg, now: number): FleetRow {
  const until = leg.holdUntil + legMemoryMs;
  return { ...row, out: [...legsOut(row, now), [claimId, leg.runners, until]], lastTakeAt: now };
}

export type LegEnd =
  | { readonly state: "taken"; readonly runners: number }
  | { readonly state: "refused"; readonly blame: "none" | "refused" | "rejected" };

/** The row that counts a leg for as long as evidence of it is waited for. */
export function withLegExtended(row: FleetRow, claimId: string, leg: Leg): FleetRow {
  const until = leg.holdUntil + legMemoryMs;
  const out = row.out.map((one): FleetRow["out"][number] =>
    one[0] === claimId && one[2] < until ? [claimId, one[1], until] : one,
  );
  return { ...row, out };
}

/** The row after a leg for `asked` runners ended. */
export function withLegEnded(row: FleetRow, claimId: string, asked: number, end: LegEnd, now: number): FleetRow {
  const back = { ...row, out: row.out.filter(([id]) => id !== claimId) };
  if (end.state === "taken") {
    const emptyAt = end.runners < asked ? now : row.emptyAt;
    return { ...back, failures: 0, blockedUntil: 0, emptyAt, settled: [...row.settled, [now, end.runners]] };
  }
  // Nobody's fault, but asking here again at once would meet the same: let the next monitor be asked.
  if (end.blame === "none") return { ...back, blockedUntil: Math.max(row.blockedUntil, now + unsentBackoffMs) };
  const failures = row.failures + 1;
  const backoffMs = end.blame === "rejected" ? rejectedBackoffMs : decideTakeBackoffMs(failures);
  return { ...back, failures, emptyAt: now, blockedUntil: now + backoffMs };
}
