// Whose turn it is right now: the jobs that a poll would let claim. Waiters of these, and nobody else, are woken when capacity appears or a
// place is given up. The same rule as the rank gate's, for the whole line at once; and no more of them than monitors can be asked for at once, else a
// hundred freed runners would be a hundred polls for each take: the next ones are woken when a take is settled.
import { availableRunners, type Fleet, legsOut, servableRunners } from "./fleet.ts";
import type { QueueSettings } from "./settings.ts";

export interface PresentJob {
  readonly uniqueId: string;
  readonly needed: number;
}

/** @param line the present jobs in order of place; read no further than the capacity reaches */
export function findWinners(
  fleet: Fleet,
  line: Iterable<PresentJob>,
  now: number,
  { snapshotFreshMs, monitorMaxInflight }: Pick<QueueSettings, "snapshotFreshMs" | "monitorMaxInflight">,
): readonly string[] {
  let [capacity, places] = [0, 0];
  for (const row of Object.values(fleet)) {
    const available = availableRunners(row, now, snapshotFreshMs);
    capacity += available;
    if (available > 0) places += Math.max(0, monitorMaxInflight - legsOut(row, now).length);
  }
  if (places === 0) return [];
  const servable = servableRunners(fleet, now);
  const winners: string[] = [];
  let rank = 0;
  for (const { uniqueId, needed } of line) {
    if (needed > servable) continue;
    rank += needed;
    if (rank <= capacity) winners.push(uniqueId);
    if (rank >= capacity || winners.length >= places) break;
  }
  return winners;
}
