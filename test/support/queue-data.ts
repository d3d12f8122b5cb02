// Plain data for tables of cases: a job, a row, a profile as an operation reads it. All that a case
// does not name is calm: the job waits in line and is present, nothing was lost, nobody is due.
// Times are in ms, on the store's clock.
import { Capacity } from "../../src/queue/fleet/capacity.ts";
import { type FleetRow, noSnapshot, noTakes } from "../../src/queue/fleet/fleet.ts";
import { freedRateUnknown } from "../../src/queue/fleet/freed-rate.ts";
import type { Claim, HeldRunner, Job, Leg, Ticket } from "../../src/queue/job/job.ts";
import { noFlows } from "../../src/queue/line/shares.ts";
import { noSilence } from "../../src/queue/line/silence.ts";
import type { JobView, ProfileHead, ProfileView } from "../../src/queue/profile.ts";
import type { QueueSettings } from "../../src/queue/settings.ts";

export const now = 1_000_000_000;
/** since when the store knows everything */
export const lostAt = now - 3_000_000;
/** when the job of `jobOf` was enqueued */
export const enqueuedAt = now - 10_000;

/**
 * The figures that the tables expect: the product's own by default, written out so that a case can
 * be read by itself.
 */
export const settings: QueueSettings = {
  abandonAfterMs: 30_000,
  retryAfterMs: 5_000,
  presenceGraceMs: 3_000,
  touchIntervalMs: 5_000,
  answerTtlMs: 45_000,
  tombstoneTtlMs: 3_600_000,
  ticketMaxAgeMs: 3_600_000,
  monitorSettleMs: 25_000,
  unknownHoldMs: 90_000,
  holdTimeoutMs: 30_000,
  monitorReserveTimeoutMs: 60_000,
  monitorMaxInflight: 2,
  maxAttempts: 5,
  maxQueueDepth: 100,
  maxJobsPerRun: 256,
  maxJobsPerRepo: 5_000,
  maxRememberedJobs: 200_000,
  snapshotFreshMs: 10_000,
  historyKeepMs: 7 * 86_400_000,
  rerunMemoryMs: 0,
  detachedMaxWaitMs: 86_400_000,
  startWatch: "off",
  startTimeoutMs: 60_000,
  offerTtlMs: 5_000,
  pullPresenceMs: 10_000,
  maxRestarts: 2,
};

export const ticket: Ticket = {
  uniqueId: "a",
  profileKey: "linux",
  runnerCount: 1,
  qualifiedRepo: "o/r",
  runId: "1",
  place: enqueuedAt * 1000,
};

/** Present and in line, heard a second ago. */
export function jobOf(more: Partial<Job> = {}): Job {
  return {
    ...ticket,
    state: "queued",
    heardAt: now - 1_000,
    isPresent: true,
    presentUntil: now + 8_000,
    abandonAt: now + 34_000,
    attempts: 0,
    refusals: 0,
    clearedFor: lostAt,
    ...more,
  };
}

/** Sent to ci0 five seconds ago, and no reply so far. */
export function legOf(more: Partial<Leg> = {}): Leg {
  return {
    monitor: "ci0",
    runners: 1,
    state: "pending",
    evidenceAfter: now + 22_000,
    holdUntil: now + 87_000,
    ...more,
  };
}

/** Ours, five seconds old and renewed a second ago. */
export function claimOf(legs: readonly Leg[] = [legOf()], more: Partial<Claim> = {}): Claim {
  return {
    id: "claim-1",
    owner: "me",
    leaseUntil: now + 4_000,
    at: now - 5_000,
    needed: legs.reduce((sum, { runners }) => sum + runners, 0),
    legs: [...legs],
    ...more,
  };
}

export function claimedJobOf(legs: readonly Leg[] = [legOf()], more: Partial<Job> = {}): Job {
  return jobOf({ state: "claimed", isPresent: false, attempts: 1, claim: claimOf(legs), ...more });
}

export function runnerOf(id: string, monitor = "ci0"): HeldRunner {
  return { monitor, id, body: `{"id":"${id}"}` };
}

/** Heard a second ago, nothing asked of it. */
export function rowOf(idle: number, more: Partial<FleetRow> = {}): FleetRow {
  return { ...noSnapshot, ...noTakes, askedAt: now - 1_000, idle, target: 9, healthy: 9, ...more };
}

export function fleetOf(rows: Readonly<Record<string, FleetRow>>): ReadonlyMap<string, FleetRow> {
  return new Map(Object.entries(rows));
}

export function capacityOf(rows: Readonly<Record<string, FleetRow>>, at = now): Capacity {
  const capacity = new Capacity(settings.snapshotFreshMs);
  for (const [monitor, row] of Object.entries(rows)) capacity.set(monitor, row, at);
  return capacity;
}

/** Figures were counted a moment ago: a sweep finds nothing to count. */
export function headOf(more: Partial<ProfileHead> = {}): ProfileHead {
  return {
    paused: null,
    silence: noSilence,
    freedRate: { ...freedRateUnknown, at: now, since: now },
    chart: [[Math.floor(now / 60_000), 0, 0]],
    virtualTime: null,
    flows: noFlows,
    ...more,
  };
}

export const unknownJob: JobView = { job: null, ahead: [], asideAhead: [] };

interface ViewParts extends Partial<Omit<ProfileView, "job" | "head">> {
  /** the job "a" as the store has it, and who is ahead of it */
  readonly a?: Partial<JobView>;
  readonly head?: Partial<ProfileHead>;
}

/**
 * A profile as an operation reads it. By default it has one idle runner at ci0, and nobody waits.
 */
export function viewOf({ a, head, ...more }: ViewParts = {}): ProfileView {
  return {
    profileKey: "linux",
    now,
    lostAt,
    renewedAt: 0,
    clockSince: 0,
    head: headOf(head),
    capacity: capacityOf({ ci0: rowOf(1) }),
    job: (uniqueId) => (uniqueId === "a" ? { ...unknownJob, ...a } : unknownJob),
    front: [],
    due: [],
    isMoreDue: false,
    listed: [],
    absent: [],
    place: now * 1000,
    sizes: { line: [], aside: [], claimed: [] },
    settings,
    owner: "me",
    canReach: () => true,
    policy: undefined,
    ...more,
  };
}
