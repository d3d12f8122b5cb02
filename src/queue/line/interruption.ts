// Since when somebody could be heard without a break. Serving instances renew a mark in the store
// once a second; where it is old, nobody served: all were stopped, the store was away, the only
// process was paused, or the clock was set. After such a break every job has its time anew
// (presence.ts).
//
// That the store's clock was set is known from an instance's own clock, which nobody can set: the
// two go on by the same. Times of before are of another clock then, and nobody knows how old they
// are (age.ts).
import { clockToleranceMs, type QueueSettings } from "../settings.ts";

export interface ServiceMark {
  /** store clock, ms, when an instance last renewed it */
  readonly at: number;
  /** since when it was renewed without a break */
  readonly since: number;
  /** since when the clock was not set; 0: it never was */
  readonly clockSince: number;
}

/** Less than that is no jump, ms: the masters of a cluster may differ by half of it. */
export const minJumpMs = 2 * clockToleranceMs;

/**
 * How old the mark may get before it was a break, ms: a third of ABANDON_AFTER, so that jobs bear
 * it, and 2 s at least.
 */
export function maxGapMs({ abandonAfterMs }: Pick<QueueSettings, "abandonAfterMs">): number {
  return Math.max(2_000, Math.min(10_000, Math.floor(abandonAfterMs / 3)));
}

/** Whether nobody served for a while before `now`, or the clock was set back. */
export function isInterrupted(mark: ServiceMark | null, now: number, settings: QueueSettings): boolean {
  return mark === null || now - mark.at > maxGapMs(settings) || mark.at - now > clockToleranceMs;
}

/**
 * After such a silence nothing that was reserved before is of use to anybody, ms. Who has just
 * started cannot tell whether nobody served or the clock was set: it is taken for set.
 */
function uselessAfterMs(settings: QueueSettings): number {
  return Math.max(maxGapMs(settings), settings.monitorSettleMs + settings.monitorReserveTimeoutMs);
}

/**
 * The mark after an instance renewed it. A store that knows of none has just begun: nobody can have
 * been unheard.
 * @param isClockSet whether this instance saw by its own clock that the store's was set
 */
export function renewMark(
  mark: ServiceMark | null,
  now: number,
  isClockSet: boolean,
  settings: QueueSettings,
): ServiceMark {
  if (mark === null) return { at: now, since: 0, clockSince: 0 };
  const { since, clockSince } = mark;
  if (isClockSet || mark.at - now > minJumpMs) return { at: now, since: now, clockSince: now };
  if (now - mark.at > uselessAfterMs(settings)) return { at: now, since: now, clockSince: now };
  if (isInterrupted(mark, now, settings)) return { at: now, since: now, clockSince };
  return { at: Math.max(mark.at, now), since, clockSince };
}

/**
 * By how much the store's clock is ahead of an instance's own, ms: it was read after it was asked
 * for and before it was heard, so it lies between these two.
 */
export interface ClockLead {
  readonly min: number;
  readonly max: number;
}

export function leadOf(storeNow: number, askedAt: number, heardAt: number): ClockLead {
  return { min: storeNow - heardAt, max: storeNow - askedAt };
}

/** Whether the store's clock was set between the two. */
export function hasJumped(before: ClockLead, after: ClockLead): boolean {
  return after.min - before.max > minJumpMs || before.min - after.max > minJumpMs;
}
