// What a clock that was set leaves of what is counted as taken at a monitor.
import { legMemoryMs, legTimes, type QueueSettings } from "../settings.ts";
import type { Takes } from "./fleet.ts";

/**
 * Takes as read by a clock that was set: a leg that was out by then counts as long as one that was
 * sent at that time, for nobody knows how long ago it was.
 */
export function takesOfThisClock(
  takes: Takes,
  clockSince: number,
  settings: Pick<QueueSettings, "monitorSettleMs" | "unknownHoldMs">,
): Takes {
  const untilOf = (runners: number) => legTimes(runners, clockSince, settings).holdUntil + legMemoryMs;
  const isOfThisClock = takes.out.every(([, runners, until]) => until >= untilOf(runners));
  if (isOfThisClock) return takes;
  return {
    ...takes,
    out: takes.out.map(([claimId, runners, until]) => [claimId, runners, Math.max(until, untilOf(runners))]),
  };
}
