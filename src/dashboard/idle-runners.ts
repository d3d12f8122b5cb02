// What of the idle runners may be claimed, and what keeps the rest: an idle runner beside a job
// that waits is the first thing that an operator asks about.
import type { Dashboard, DashboardMonitor } from "./dashboard-data.ts";
import { countOf, formatCount } from "./words.ts";

export interface IdleRunners {
  /** what the next polls may have */
  readonly free: number;
  /** idle, but kept from jobs: how many, by what */
  readonly kept: readonly (readonly [by: KeptBy, runners: number])[];
}

const keptBy = ["claimed", "drained", "backing off", "just refused", "paused"] as const;
type KeptBy = (typeof keptBy)[number];

/** @param profileKey only of this profile */
export function explainIdle(
  { profiles, monitors }: Pick<Dashboard, "profiles" | "monitors">,
  profileKey?: string,
): IdleRunners {
  const counts = new Map<KeptBy, number>();
  const add = (by: KeptBy, runners: number) => counts.set(by, (counts.get(by) ?? 0) + runners);
  let free = 0;
  for (const { profile_key, paused, capacity } of profiles) {
    if (profileKey !== undefined && profile_key !== profileKey) continue;
    if (paused === null) free += capacity.available;
    else add("paused", capacity.available);
    for (const monitor of monitors) {
      for (const row of monitor.profiles.filter((row) => row.profile_key === profile_key)) {
        for (const [by, runners] of explainRow(monitor, row)) add(by, runners);
      }
    }
  }
  const kept = keptBy.map((by) => [by, counts.get(by) ?? 0] as const).filter(([, runners]) => runners > 0);
  return { free, kept };
}

function explainRow(
  { draining, backing_off_until }: DashboardMonitor,
  { idle, claimed, available }: DashboardMonitor["profiles"][number],
): (readonly [KeptBy, number])[] {
  const kept = Math.max(0, idle - available);
  if (draining !== null) return [["drained", kept]];
  if (backing_off_until !== null && available === 0) return [["backing off", kept]];
  const byClaims = Math.min(kept, claimed);
  // A monitor that refused a take counts as empty until its next dashboard.
  return [
    ["claimed", byClaims],
    ["just refused", kept - byClaims],
  ];
}

/**
 * "2 runners free to claim, 3 idle but not free (1 claimed, 2 drained), 16 at work"
 * @param atWork runners that are reserved for jobs, or busy with them
 */
export function describeIdle(idle: IdleRunners, atWork = 0): string {
  const kept = idle.kept.reduce((sum, [, runners]) => sum + runners, 0);
  const rest = kept === 0 ? "" : `, ${formatCount(kept)} idle but not free (${describeKept(idle)})`;
  const busy = atWork === 0 ? "" : `, ${formatCount(atWork)} at work`;
  return `${countOf(idle.free, "runner")} free to claim${rest}${busy}`;
}

/** "1 claimed, 2 drained" */
export function describeKept({ kept }: IdleRunners): string {
  return kept.map(([by, runners]) => `${formatCount(runners)} ${by}`).join(", ");
}
