// How fast runners of a profile come free, measured only while they are scarce: where some stand
// idle the rate says how many jobs there are, not how many runners could come. And from it how long
// a job will wait.
import { z } from "zod";
import { hashOf } from "../hash.ts";
import type { Capacity } from "./capacity.ts";
import { type FleetRow, isFresh, type ProfileCounts } from "./fleet.ts";

export const freedRateSchema = z.object({
  /** when it was last counted; 0: never so far */
  at: z.number(),
  /** nobody could be served then: what comes free until the next time was waited for */
  isScarce: z.boolean(),
  /** what all snapshots together had counted by then, and which monitors' those were */
  freedSoFar: z.number(),
  monitors: z.string(),
  /**
   * the window that is being filled: since when, for how long runners were scarce in it, and how
   * many came free meanwhile
   */
  since: z.number(),
  scarceMs: z.number(),
  freed: z.number(),
  /** the window before */
  scarceMsBefore: z.number(),
  freedBefore: z.number(),
});
export type FreedRate = z.infer<typeof freedRateSchema>;

export const freedRateUnknown: FreedRate = {
  at: 0,
  isScarce: false,
  freedSoFar: 0,
  monitors: "",
  since: 0,
  scarceMs: 0,
  freed: 0,
  scarceMsBefore: 0,
  freedBefore: 0,
};

/** Two of these are remembered: a fleet of an hour ago says little. */
export const freedWindowMs = 600_000;

/**
 * Runners of one monitor that came free (or vanished, below 0) between its last snapshot and this
 * one.
 */
export function countFreed(
  before: FleetRow,
  askedAt: number,
  counts: ProfileCounts | null,
  now: number,
  freshMs: number,
): number {
  const isComparable = counts !== null && askedAt >= before.askedAt && before.askedAt + freshMs >= askedAt;
  if (!isComparable || before.isFailing || before.drainedUntil > now) return 0;
  // Reserved before this snapshot was asked for, and so no longer idle in it.
  const reserved = before.settled.reduce(
    (sum, [at, runners]) => sum + (at >= before.askedAt && at < askedAt ? runners : 0),
    0,
  );
  return counts.idle - before.idle + reserved;
}

/**
 * Whether nobody, or not everybody who waits, can be served.
 * @param wanted runners that present jobs need which the fleet could serve
 */
export function isScarce(capacity: Capacity, wanted: number, now: number, freshMs: number): boolean {
  const { available } = capacity.totals(now);
  if (available > 0 && wanted <= available) return false;
  for (const row of capacity.rows.values()) if (row.target > 0 && isFresh(row, now, freshMs)) return true;
  return false;
}

/** A rate is counted anew at most so often: between, nothing could be learnt. */
export const minCountMs = 900;
/** Where nobody counted for longer, nobody knows how it was. */
const maxCountMs = 15_000;

/** The rate when it is counted at `now`: what came free since the last time, and how it stands. */
export function countRate(
  rate: FreedRate,
  capacity: Capacity,
  wanted: number,
  now: number,
  freshMs: number,
): FreedRate {
  const names = [...capacity.rows.keys()].sort().join(" ");
  const monitors = String(hashOf(names));
  let freedSoFar = 0;
  for (const row of capacity.rows.values()) freedSoFar += row.freed;
  const sinceMs = now - rate.at;
  const isCounted = rate.isScarce && monitors === rate.monitors && sinceMs >= 0 && sinceMs <= maxCountMs;
  const counted = isCounted
    ? { ...rate, scarceMs: rate.scarceMs + sinceMs, freed: rate.freed + freedSoFar - rate.freedSoFar }
    : rate;
  const next = { ...counted, at: now, isScarce: isScarce(capacity, wanted, now, freshMs), freedSoFar, monitors };
  const filledMs = now - rate.since;
  if (filledMs >= 0 && filledMs < freedWindowMs) return next;
  const isLast = filledMs >= 0 && filledMs < 2 * freedWindowMs;
  return {
    ...next,
    since: now,
    scarceMs: 0,
    freed: 0,
    scarceMsBefore: isLast ? counted.scarceMs : 0,
    freedBefore: isLast ? counted.freed : 0,
  };
}

/** Seconds, whole. */
export interface Estimate {
  readonly lowSeconds: number;
  readonly highSeconds: number;
}

/** Fewer runners than this that came free say nothing. */
const minFreed = 3;
/**
 * Eight of ten waits end between the low and the high figure, if runners come free independently of
 * each other.
 */
const deviations = 1.28;

/**
 * How long it takes until so many runners have come free, by what was measured; null: unknown.
 * @param runnersBefore runners that have to come free first; 0 or less: there are enough; null: it
 * waits for something else
 */
export function estimateWait(rate: FreedRate, runnersBefore: number | null): Estimate | null {
  const measured = runnersBefore === null ? null : measure(rate);
  if (runnersBefore === null || measured === null) return null;
  const { lowMs, highMs } = spread(measured, Math.max(1, runnersBefore));
  return { lowSeconds: runnersBefore <= 0 ? 0 : Math.floor(lowMs / 1000), highSeconds: Math.ceil(highMs / 1000) };
}

/**
 * How many runners may have to come free first while the low estimate stays within `waitMs`;
 * undefined: nothing is known, so no number is too high.
 */
export function maxRunnersWithin(rate: FreedRate, waitMs: number): number | undefined {
  const measured = measure(rate);
  if (measured === null) return undefined;
  let [fits, tooMany] = [0, 1];
  while (tooMany < 1e6 && spread(measured, tooMany).lowMs <= waitMs) [fits, tooMany] = [tooMany, tooMany * 2];
  while (tooMany - fits > 1) {
    const middle = Math.floor((fits + tooMany) / 2);
    if (spread(measured, middle).lowMs <= waitMs) fits = middle;
    else tooMany = middle;
  }
  return fits;
}

interface Measured {
  readonly freed: number;
  readonly scarceMs: number;
}

function measure({ freed, freedBefore, scarceMs, scarceMsBefore }: FreedRate): Measured | null {
  const measured = { freed: freed + freedBefore, scarceMs: scarceMs + scarceMsBefore };
  return measured.freed < minFreed || measured.scarceMs <= 0 ? null : measured;
}

/**
 * The time until the k-th of events whose rate is known from n of them. Its logarithm is spread
 * about as the square root of 1/k + 1/n: the first part is chance to come, the second chance in
 * what was measured.
 */
function spread({ freed, scarceMs }: Measured, runners: number): { readonly lowMs: number; readonly highMs: number } {
  const middleMs = (runners * scarceMs) / freed;
  const factor = Math.exp(deviations * Math.sqrt(1 / runners + 1 / freed));
  return { lowMs: middleMs / factor, highMs: middleMs * factor };
}
