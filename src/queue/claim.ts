// How a queued job becomes a claimed one.
import type { Fleet, FleetRow } from "./fleet.ts";
import { withLegOut } from "./fleet.ts";
import { type Job, neededRunners } from "./job.ts";
import type { PlannedLeg } from "./placement.ts";
import { claimLeaseMs, leastEvidenceMs, type QueueSettings, sendWithinMs, settlePerRunnerMs } from "./settings.ts";

/** Why a claimed job waits: it is being asked for, or what was reserved has to be found out. */
export function reasonOfClaim({ claim }: Job, now: number): "claim_in_flight" | "reconciling" {
  const isAsked = claim?.legs.some((leg) => leg.state === "pending") === true && claim.leaseUntil > now;
  return isAsked ? "claim_in_flight" : "reconciling";
}

export interface Claimed {
  readonly job: Job;
  readonly fleet: Fleet;
}

/** The job with a claim of these legs, and the fleet that counts them as out. Legs count as sent at the last moment they may be. */
export function claimJob(
  job: Job,
  fleet: Fleet,
  planned: readonly PlannedLeg[],
  claim: { readonly id: string; readonly owner: string },
  now: number,
  settings: QueueSettings,
): Claimed {
  const sentBy = now + sendWithinMs;
  const rows: Record<string, FleetRow> = { ...fleet };
  const legs = planned.map(({ monitor, runners }) => {
    const evidenceAfter = sentBy + settings.monitorSettleMs + (runners - 1) * settlePerRunnerMs;
    const holdUntil = Math.max(sentBy + settings.unknownHoldMs, evidenceAfter + leastEvidenceMs);
    return { monitor, runners, state: "pending" as const, evidenceAfter, holdUntil };
  });
  for (const leg of legs) {
    const row = rows[leg.monitor];
    if (row !== undefined) rows[leg.monitor] = withLegOut(row, claim.id, leg, now);
  }
  return {
    fleet: rows,
    job: {
      ...job,
      state: "claimed",
      awake: false,
      attempts: job.attempts + 1,
      claim: { ...claim, leaseUntil: now + claimLeaseMs, at: now, needed: neededRunners(job), legs },
    },
  };
}
