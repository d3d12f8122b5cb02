// How old a reservation is. Nobody knows exactly: it was made after its leg was sent, and before its
// monitor answered or was seen with it. It is given to nobody when it may be over by the earlier
// time, and no other is made in its place before it is over by the later one.
import type { QueueSettings } from "../settings.ts";

/** When a runner was reserved at the earliest, and at the latest; store clock, ms. */
export interface Age {
  readonly since: number;
  readonly by: number;
}

/** Of a runner that a leg brought: a monitor works on a take for MONITOR_SETTLE at most. */
export function ageByLeg(claimedAt: number, now: number, { monitorSettleMs }: QueueSettings): Age {
  return { since: claimedAt, by: Math.min(now, claimedAt + monitorSettleMs) };
}
