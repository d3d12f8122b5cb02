// Whose turn it is: a job may claim if and only if the runners that present jobs ahead of it need, plus its own, fit in
// the capacity. So nobody is overtaken, and nobody waits for a sleeper when there is enough for both.
import { availableRunners, type Fleet, isFleetHeard, servableRunners } from "./fleet.ts";
import { type PlannedLeg, planLegs } from "./placement.ts";
import type { QueueSettings } from "./settings.ts";

/** Why a job waits; sent to clients as X-Queue-Reason. */
export const waitReasons = [
  "no_capacity",
  "not_your_turn",
  "monitors_busy",
  "unsatisfiable_now",
  "fleet_unknown",
  "profile_paused",
  "claim_in_flight",
  "reconciling",
] as const;
export type WaitReason = (typeof waitReasons)[number];

export type Turn =
  | { readonly kind: "claim"; readonly legs: readonly PlannedLeg[] }
  | {
      readonly kind: "wait";
      readonly reason: WaitReason;
      /** runners that have to come free before it is this job's turn; 0 or less: none. Null: that is not what it waits for */
      readonly runnersBefore: number | null;
    };

/**
 * @param needed runners that the job still needs
 * @param rank runners that the present, servable jobs ahead of it need
 */
export function decideTurn(fleet: Fleet, needed: number, rank: number, now: number, settings: QueueSettings): Turn {
  if (needed > servableRunners(fleet, now)) {
    const reason = isFleetHeard(fleet, now) ? "unsatisfiable_now" : "fleet_unknown";
    return { kind: "wait", reason, runnersBefore: null };
  }
  const { snapshotFreshMs, monitorMaxInflight } = settings;
  const capacity = Object.values(fleet).reduce((sum, row) => sum + availableRunners(row, now, snapshotFreshMs), 0);
  if (rank + needed <= capacity) {
    const legs = planLegs(fleet, needed, now, snapshotFreshMs, monitorMaxInflight);
    return legs === null ? { kind: "wait", reason: "monitors_busy", runnersBefore: 0 } : { kind: "claim", legs };
  }
  const reason = capacity === 0 || rank === 0 ? "no_capacity" : "not_your_turn";
  return { kind: "wait", reason, runnersBefore: rank + needed - capacity };
}
