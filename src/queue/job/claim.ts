// How a queued job becomes a claimed one, and why a claimed one waits.

import type { PlannedLeg } from "../fleet/placement.ts";
import { claimLeaseMs, legTimes, type QueueSettings } from "../settings.ts";
import { type Claim, hasOpenLeg, isOpen, isPulled, type Job, type Leg, neededRunners } from "./job.ts";

/** Why a claimed job waits: it is being asked for, or what was reserved has to be found out. */
export function reasonOfClaim({ claim }: Pick<Job, "claim">, now: number): "claim_in_flight" | "reconciling" {
  const isUnderWay = ({ state }: Leg) => state === "pending" || state === "offered";
  const isAsked = claim?.legs.some(isUnderWay) === true && isLeased(claim.leaseUntil, now);
  return isAsked ? "claim_in_flight" : "reconciling";
}

/**
 * Whether a lease still runs. One that ends further ahead than a lease lasts is from before the
 * clock was set back.
 */
export function isLeased(leaseUntil: number, now: number): boolean {
  return leaseUntil > now && leaseUntil <= now + 2 * claimLeaseMs;
}

/**
 * The job with a claim of these legs. Legs count as sent at the last moment they may be; one that
 * its monitor fetches is offered.
 * @param isFetched whether a monitor fetches its takes
 */
export function claimJob(
  job: Job,
  planned: readonly PlannedLeg[],
  claim: { readonly id: string; readonly owner: string },
  now: number,
  settings: QueueSettings,
  isFetched: (monitor: string) => boolean = () => false,
): Job & { claim: Claim } {
  const legs = planned.map(({ monitor, runners }): Leg => {
    if (isFetched(monitor)) {
      const offeredUntil = now + settings.offerTtlMs;
      const holdUntil = offeredUntil + settings.unknownHoldMs;
      return { monitor, runners, state: "offered", evidenceAfter: offeredUntil, holdUntil, offeredUntil };
    }
    return { monitor, runners, state: "pending" as const, ...legTimes(runners, now, settings) };
  });
  return {
    ...job,
    state: "claimed",
    isPresent: false,
    attempts: job.attempts + 1,
    claim: { ...claim, leaseUntil: now + claimLeaseMs, at: now, needed: neededRunners(job), legs },
  };
}

/**
 * Whether an instance may take over a claim whose owner is silent: it has to be able to ask every
 * monitor that is open, or nothing more is to be had there.
 */
export function canTakeOver(job: Job, now: number, canReach: (monitor: string) => boolean): boolean {
  if (!hasOpenLeg(job) || isLeased(job.claim?.leaseUntil ?? 0, now)) return false;
  const open = job.claim?.legs.filter(isOpen) ?? [];
  return open.every((leg) => isPulled(leg) || canReach(leg.monitor) || leg.holdUntil <= now);
}
