// Whose turn it is: a job may claim if and only if the runners that present jobs ahead of it need, plus its own, fit in
// the capacity. So nobody is overtaken, and nobody waits for a sleeper when there is enough for both.
import { availableRunners, type Fleet, servableRunners } from "./fleet.ts";
import { type PlannedLeg, planLegs } from "./placement.ts";
import type { QueueSettings } from "./settings.ts";

/** Why a job waits; sent to clients as X-Queue-Reason. */
export const waitReasons = [
  "no_capacity",
  "not_your_turn",
  "monitors_busy",
  "unsatisfiable_now",
  "profile_paused",
  "claim_in_flight",
  "reconciling",
] as const;
export type WaitReason = (typeof waitReasons)[number];

export type Turn =
  | { readonly kind: "claim"; readonly legs: readonly PlannedLeg[] }
  | { readonly kind: "wait"; readonly reason: WaitReason };

/**
 * @param needed runners that the job still needs
 * @param rank runners that the present, servable jobs ahead of it need
 */
export function decideTurn(fleet: Fleet, needed: number, rank: number, now: number, settings: QueueSettings): Turn {
  if (needed > servableRunners(fleet, now)) return { kind: "wait", reason: "unsatisfiable_now" };
  const { snapshotFreshMs, monitorMaxInflight } = settings;
  const capacity = Object.values(fleet).reduce((sum, row) => sum + availableRunners(row, now, snapshotFreshMs), 0);
  if (rank + needed <= capacity) {
    const legs = planLegs(fleet, needed, now, snapshotFreshMs, monitorMaxInflight);
    return legs === null ? { kind: "wait", reason: "monitors_busy" } : { kind: "claim", legs };
  }
  return { kind: "wait", reason: capacity === 0 || rank === 0 ? "no_capacity" : "not_your_turn" };
}
