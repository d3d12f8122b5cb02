// Whose turn it is: a job may claim if and only if the runners that present jobs ahead of it need,
// plus its own, fit in the capacity. So nobody is overtaken, and nobody waits for a sleeper when
// there is enough for both.
import type { Capacity } from "../fleet/capacity.ts";
import { availableRunners, countLegsOut } from "../fleet/fleet.ts";
import { type AskingOrder, type PlannedLeg, planLegs } from "../fleet/placement.ts";
import type { QueueSettings } from "../settings.ts";

/** Why a job waits; sent to clients as X-Queue-Reason. */
export const waitReasons = [
  "no_capacity",
  "not_your_turn",
  "monitors_busy",
  "monitor_refuses",
  "unsatisfiable_now",
  "fleet_unknown",
  "profile_paused",
  "claim_in_flight",
  "reconciling",
  "repository_limit",
] as const;
export type WaitReason = (typeof waitReasons)[number];

export type Turn =
  | { readonly kind: "claim"; readonly legs: readonly PlannedLeg[] }
  | {
      readonly kind: "wait";
      readonly reason: WaitReason;
      /**
       * runners that have to come free before it is this job's turn; 0 or less: none. Null: that is
       * not what it waits for
       */
      readonly runnersBefore: number | null;
      /** monitors that would serve it now, and that this instance does not know */
      readonly unknownMonitors?: readonly string[];
    };

/**
 * @param needed runners that the job still needs
 * @param rank runners that the present, servable jobs ahead of it need
 * @param canReach whether this instance knows the monitor
 * @param order which monitor is asked first
 */
export function decideTurn(
  capacity: Capacity,
  needed: number,
  rank: number,
  now: number,
  settings: Pick<QueueSettings, "snapshotFreshMs" | "monitorMaxInflight">,
  canReach: (monitor: string) => boolean,
  order?: AskingOrder,
): Turn {
  const { available, servable, heard } = capacity.totals(now);
  if (needed > servable) {
    const reason = heard > 0 ? "unsatisfiable_now" : "fleet_unknown";
    return { kind: "wait", reason, runnersBefore: null };
  }
  if (rank + needed <= available) {
    const { snapshotFreshMs, monitorMaxInflight } = settings;
    const plan = planLegs(capacity.rows, needed, now, snapshotFreshMs, monitorMaxInflight, canReach, order);
    if (plan.kind === "legs") return { kind: "claim", legs: plan.legs };
    const unknown = plan.kind === "elsewhere" ? { unknownMonitors: plan.monitors } : {};
    return { kind: "wait", reason: "monitors_busy", runnersBefore: 0, ...unknown };
  }
  const runnersBefore = rank + needed - available;
  if (available > 0 && rank > 0) return { kind: "wait", reason: "not_your_turn", runnersBefore };
  return { kind: "wait", reason: decideWhyNone(capacity, now, settings.snapshotFreshMs), runnersBefore };
}

/** No runner is free, or some are and their monitors refuse every take. */
function decideWhyNone(capacity: Capacity, now: number, freshMs: number): "no_capacity" | "monitor_refuses" {
  for (const row of capacity.rows.values()) {
    const isRefusing = row.refusedJobs.length > 0 && row.idle > 0 && row.drainedUntil <= now;
    if (isRefusing && !row.isFailing && row.askedAt + freshMs >= now) return "monitor_refuses";
  }
  return "no_capacity";
}

/** A present job, as it stands in line. */
export interface PresentJob {
  readonly uniqueId: string;
  readonly need: number;
}

/**
 * The jobs that a poll would let claim right now. Waiters of these, and nobody else, are woken when
 * room appears: the same rule as a poll's, for the head of the line at once; and no more of them
 * than monitors can be asked for at once, else a hundred freed runners would be a hundred polls for
 * each take: the next ones are woken when a take is settled.
 * @param line the first present jobs in order; read no further than the capacity reaches
 */
export function claimableJobs(
  capacity: Capacity,
  line: Iterable<PresentJob>,
  now: number,
  settings: Pick<QueueSettings, "snapshotFreshMs" | "monitorMaxInflight">,
): readonly string[] {
  const { available, servable } = capacity.totals(now);
  const places = freePlaces(capacity, now, settings);
  if (places === 0) return [];
  const claimable: string[] = [];
  let rank = 0;
  for (const { uniqueId, need } of line) {
    if (need > servable) continue;
    rank += need;
    if (rank <= available) claimable.push(uniqueId);
    if (rank >= available || claimable.length >= places) break;
  }
  return claimable;
}

/** Takes that may be sent now, over all monitors that have a runner to give. */
export function freePlaces(
  capacity: Capacity,
  now: number,
  { snapshotFreshMs, monitorMaxInflight }: Pick<QueueSettings, "snapshotFreshMs" | "monitorMaxInflight">,
): number {
  let places = 0;
  if (capacity.totals(now).available === 0) return 0;
  for (const row of capacity.rows.values()) {
    if (availableRunners(row, now, snapshotFreshMs) > 0)
      places += Math.max(0, monitorMaxInflight - countLegsOut(row, now));
  }
  return places;
}
