// Slows down whoever tries unique_ids without a good ticket: the replies tell an id that is in line
// (403) from one that is not (404), as promised. Each address has so many tries at once and so many
// a minute (a leaky bucket). Good tickets are never counted, and never looked up here.
import { LRUCache } from "lru-cache";
import { growingTo } from "../../bounded-cache.ts";

export interface GuessLimit {
  /**
   * Counts a try of this caller and returns 0, or returns the seconds until the next one; that one
   * is not counted.
   */
  begin(caller: string): number;
}

export const guessLimits = {
  /** tries at once: a matrix of 256 jobs behind one address may have lost its tickets */
  size: 300,
  /** how many are forgotten in a minute */
  perMinute: 60,
  /** callers remembered; the longest silent one is forgotten first */
  remembered: 10_000,
} as const;

/** @param now ms; a clock that only goes forward */
export function createGuessLimit(now: () => number): GuessLimit {
  const { size, perMinute, remembered } = guessLimits;
  const buckets = new LRUCache<string, { readonly level: number; readonly at: number }>(growingTo(remembered));
  return {
    begin: (caller) => {
      const at = now();
      const before = buckets.get(caller) ?? { level: 0, at };
      const level = Math.max(0, before.level - ((at - before.at) * perMinute) / 60_000);
      const excess = level + 1 - size;
      buckets.set(caller, { level: excess > 0 ? level : level + 1, at });
      return excess > 0 ? Math.ceil((excess * 60) / perMinute) : 0;
    },
  };
}
