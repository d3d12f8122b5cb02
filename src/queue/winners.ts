// Whose turn it is right now: the jobs that a poll would let claim. Waiters of these, and nobody else, are woken when capacity appears or a
// place is given up. The same rule as the rank gate's, for the whole line at once.
import { availableRunners, type Fleet, servableRunners } from "./fleet.ts";

export interface PresentJob {
  readonly uniqueId: string;
  readonly needed: number;
}

/** @param line the present jobs in order of place; read no further than the capacity reaches */
export function findWinners(fleet: Fleet, line: Iterable<PresentJob>, now: number, freshMs: number): readonly string[] {
  const capacity = Object.values(fleet).reduce((sum, row) => sum + availableRunners(row, now, freshMs), 0);
  if (capacity === 0) return [];
  const servable = servableRunners(fleet, now);
  const winners: string[] = [];
  let rank = 0;
  for (const { uniqueId, needed } of line) {
    if (needed > servable) continue;
    rank += needed;
    if (rank <= capacity) winners.push(uniqueId);
    if (rank >= capacity) break;
  }
  return winners;
}
