// What is counted over time, hour by hour: how jobs ended and how long they waited, by repository,
// and once a minute how many waited beside how many idle runners. The commit that makes a change
// counts it, so nothing is counted twice or forgotten.
import type { HistoryEntry } from "../history.ts";
import { slotOf } from "./wait-slots.ts";

export interface Count {
  /** since 1970 */
  readonly hour: number;
  readonly name: string;
  /** counted instead where the hour has too many names already */
  readonly otherwise: string;
  readonly by: number;
}

/**
 * Names that one hour of a profile has, 87 bytes each in Redis. Whoever comes later counts as the
 * other repositories.
 */
export const maxCountNames = 1_000;
/** In place of a repository: all that have no name of their own. */
export const otherRepositories = "*";

export const hourMs = 3_600_000;
export function hourOf(at: number): number {
  return Math.floor(at / hourMs);
}

/** How a job may end for its client; "refused": its enqueue was, since it would wait too long. */
export const endNames = { failed: "f", abandoned: "a", cancelled: "c", refused: "r" } as const;
export type EndName = keyof typeof endNames;
/** Of the minutes that were looked at: their number, and sums over them. */
export const minuteNames = { minutes: "m", waiting: "w", idle: "i", idleBesideWaiting: "x" } as const;

/** The name of a wait's slot, before a repository. */
export const servedPrefix = "t";

/** What an entry of the history adds: nothing, unless a job is over. */
export function countEntry({ what, at, repo = otherRepositories, waitedMs = 0 }: HistoryEntry): Count | null {
  switch (what) {
    case "taken":
      return countOf(at, `${servedPrefix}${slotOf(waitedMs)}`, repo);
    case "failed":
    case "abandoned":
    case "cancelled":
      return countOf(at, endNames[what], repo);
    default:
      return null;
  }
}

/** An enqueue that was refused: its client falls back at once. */
export function countRefusal(repo: string, at: number): Count {
  return countOf(at, endNames.refused, repo);
}

/** @param wanted runners that present jobs wait for */
export function countMinute(waiting: number, wanted: number, idle: number, at: number): Count[] {
  const figures = { minutes: 1, waiting, idle, idleBesideWaiting: Math.min(idle, wanted) };
  return Object.entries(figures)
    .filter(([, by]) => by > 0)
    .map(([figure, by]) => {
      const name = minuteNames[figure as keyof typeof minuteNames];
      return { hour: hourOf(at), name, otherwise: name, by };
    });
}

function countOf(at: number, kind: string, repo: string): Count {
  return { hour: hourOf(at), name: `${kind}/${repo}`, otherwise: `${kind}/${otherRepositories}`, by: 1 };
}

/** Equal ones as one. */
export function sumCounts(counts: readonly Count[]): readonly Count[] {
  if (counts.length < 2) return counts;
  const sums = new Map<string, Count>();
  for (const count of counts) {
    const key = `${count.hour} ${count.name}`;
    sums.set(key, { ...count, by: count.by + (sums.get(key)?.by ?? 0) });
  }
  return [...sums.values()];
}
