// How a queued job becomes a claimed one.
import type { Fleet, FleetRow } from "./fleet.ts";
import { withLegOut } from "./fleet.ts";
import { type Job, neededRunners } from "./job.ts";
import type { PlannedLeg } from "./placement.ts";
import { claimLeaseMs, type QueueSettings, sendWithinMs } from "./settings.ts";

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
  for (const { monitor, runners } of planned) {
    const row = rows[monitor];
    if (row !== undefined) rows[monitor] = withLegOut(row, runners, now);
  }
  const legs = planned.map(({ monitor, runners }) => ({
    monitor,
    runners,
    state: "pending" as const,
    evidenceAfter: sentBy + settings.monitorSettleMs,
    holdUntil: sentBy + settings.unknownHoldMs,
  }));
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
