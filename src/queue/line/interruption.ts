// Since when somebody could be heard without a break. Serving instances renew a mark in the store
// once a second; where it is old, nobody served: all were stopped, the store was away, the only
// process was paused, or the clock was set. After such a break every job has its time anew
// (presence.ts).
import { clockToleranceMs, type QueueSettings } from "../settings.ts";

export interface ServiceMark {
  /** store clock, ms, when an instance last renewed it */
  readonly at: number;
  /** since when it was renewed without a break */
  readonly since: number;
}

/**
 * How old the mark may get before it was a break, ms: a third of ABANDON_AFTER, so that jobs bear
 * it, and 2 s at least.
 */
export function maxGapMs({ abandonAfterMs }: Pick<QueueSettings, "abandonAfterMs">): number {
  return Math.max(2_000, Math.min(10_000, Math.floor(abandonAfterMs / 3)));
}

/** Whether nobody served for a while before `now`, or the clock was set. */
export function isInterrupted(mark: ServiceMark | null, now: number, settings: QueueSettings): boolean {
  return mark === null || now - mark.at > maxGapMs(settings) || mark.at - now > clockToleranceMs;
}

/**
 * The mark after an instance renewed it. A store that knows of none has just begun: nobody can have
 * been unheard.
 */
export function renewMark(mark: ServiceMark | null, now: number, settings: QueueSettings): ServiceMark {
  if (mark === null) return { at: now, since: 0 };
  if (isInterrupted(mark, now, settings)) return { at: now, since: now };
  return { at: Math.max(mark.at, now), since: mark.since };
}
