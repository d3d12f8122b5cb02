// How fast runners of a profile come free, measured only while they are scarce: where some stand idle the rate says how many jobs there are, not how
// many runners could come. And from it how long a job will wait. Whole numbers only, so that every store counts the same.
import { availableRunners, type Fleet, type FleetRow, type ProfileCounts } from "./fleet.ts";

export interface FreedRate {
  /** the last snapshot that was counted; 0: none so far */
  readonly at: number;
  /** nobody could be served then: what comes free until the next snapshot was waited for */
  readonly isScarce: boolean;
  /** the window that is being filled: since when, for how long runners were scarce in it, and how many came free meanwhile */
  readonly since: number;
  readonly scarceMs: number;
  readonly freed: number;
  /** the window before */
  readonly scarceMsBefore: number;
  readonly freedBefore: number;
}

export const freedRateUnknown: FreedRate = {
  at: 0,
  isScarce: false,
  since: 0,
  scarceMs: 0,
  freed: 0,
  scarceMsBefore: 0,
  freedBefore: 0,
};

/** Two of these are remembered: a fleet of an hour ago says little. */
export const freedWindowMs = 600_000;

/** Runners of one monitor that came free (or vanished, below 0) between its last snapshot and this one. */
export function countFreed(
  before: FleetRow,
  askedAt: number,
  counts: ProfileCounts | null,
  now: number,
  freshMs: number,
): number {
  const isComparable = counts !== null && askedAt >= before.askedAt && before.askedAt + freshMs >= askedAt;
  if (!isComparable || before.failing || before.drainedUntil > now) return 0;
  // Reserved before this snapshot was asked for, and so no longer idle in it.
  const reserved = before.settled.reduce((sum, [at, runners]) => sum + (at < askedAt ? runners : 0), 0);
  return counts.idle - before.idle + reserved;
}

/**
 * Whether nobody, or not everybody who waits, can be served.
 * @param wanted runners that present jobs need which the fleet could serve
 */
export function isScarce(fleet: Fleet, wanted: number, now: number, freshMs: number): boolean {
  const rows = Object.values(fleet);
  if (!rows.some((row) => !row.failing && row.askedAt + freshMs >= now && row.target > 0)) return false;
  const available = rows.reduce((sum, row) => sum + availableRunners(row, now, freshMs), 0);
  return available === 0 || wanted > available;
}

/** The rate after a snapshot: `freed` runners since the last one, and how it stands now. */
export function withFreed(
  rate: FreedRate,
  freed: number,
  isScarceNow: boolean,
  now: number,
  freshMs: number,
): FreedRate {
  // where nobody looked for a while, nobody knows how it was
  const counted =
    rate.isScarce && now - rate.at <= freshMs
      ? { ...rate, scarceMs: rate.scarceMs + Math.max(0, now - rate.at), freed: rate.freed + freed }
      : rate;
  const next = { ...counted, at: now, isScarce: isScarceNow };
  if (now - rate.since < freedWindowMs) return next;
  const isLast = now - rate.since < 2 * freedWindowMs;
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
const leastFreed = 3;
/** Eight of ten waits end between the low and the high figure, if runners come free independently of each other. */
const deviations = 1.28;

/**
 * How long it takes until so many runners have come free, by what was measured; null: unknown.
 * @param runnersBefore runners that have to come free first; 0 or less: there are enough; null: it waits for something else
 */
export function estimateWait(rate: FreedRate, runnersBefore: number | null): Estimate | null {
  const measured = runnersBefore === null ? null : measure(rate);
  if (runnersBefore === null || measured === null) return null;
  const { lowMs, highMs } = spread(measured, Math.max(1, runnersBefore));
  return { lowSeconds: runnersBefore <= 0 ? 0 : Math.floor(lowMs / 1000), highSeconds: Math.ceil(highMs / 1000) };
}

/** How many runners may have to come free first while the low estimate stays within `waitMs`; undefined: nothing is known, so no number is too high. */
export function mostRunnersWithin(rate: FreedRate, waitMs: number): number | undefined {
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
  return measured.freed < leastFreed || measured.scarceMs <= 0 ? null : measured;
}

/**
 * The time until the k-th of events whose rate is known from n of them. Its logarithm is spread about as the square root of 1/k + 1/n: the first
 * part is chance to come, the second chance in what was measured.
 */
function spread({ freed, scarceMs }: Measured, runners: number): { readonly lowMs: number; readonly highMs: number } {
  const middleMs = (runners * scarceMs) / freed;
  const factor = Math.exp(deviations * Math.sqrt(1 / runners + 1 / freed));
  return { lowMs: middleMs / factor, highMs: middleMs * factor };
}
