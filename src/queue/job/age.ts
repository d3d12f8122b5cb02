// How old a reservation is. Nobody knows exactly: it was made after its leg was sent, and before its
// monitor answered or was seen with it. It is given to nobody when it may be over by the earlier
// time, and no other is made in its place before it is over by the later one.
//
// Where the store's clock was set since, nobody knows at all: it may be too old to be given, and
// may live for as long as one that is made now. A job says since when the clock ran by which its
// times were written (`clockSince`), so times of another clock are seen when it is read.
import { clockToleranceMs, legTimes, type QueueSettings } from "../settings.ts";
import { isOpen, isPulled, type Job, type Leg } from "./job.ts";

/** When a runner was reserved at the earliest, and at the latest; store clock, ms. */
export interface Age {
  readonly since: number;
  readonly by: number;
}

/** The time of which nobody knows how long ago it was. */
export const unknownTime = 0;

/** Of a runner that a leg brought: a monitor works on a take for MONITOR_SETTLE at most. */
export function ageByLeg(claimedAt: number, now: number, { monitorSettleMs }: QueueSettings): Age {
  return { since: claimedAt, by: claimedAt === unknownTime ? now : Math.min(now, claimedAt + monitorSettleMs) };
}

/**
 * The same of a runner that was seen just now. Where it should be gone long since, it is the clock
 * that is wrong: it was set, and nobody lived through that.
 */
export function ageBySight(claimedAt: number, now: number, settings: QueueSettings): Age {
  const age = ageByLeg(claimedAt, now, settings);
  return age.by + settings.monitorReserveTimeoutMs <= now ? { ...age, by: now } : age;
}

/** A time as written by this clock; one of before it was set, or ahead of it, is of another. */
export function timeOfThisClock(time: number, clockSince: number, now: number): number {
  return time < clockSince || time > now + clockToleranceMs ? unknownTime : time;
}

/** The job with the clock by which its times are written from now on. */
export function withClock(job: Job, clockSince: number): Job {
  return (job.clockSince ?? 0) === clockSince ? job : { ...job, clockSince };
}

/**
 * The job as read by a clock that was set since it was written. What it waits for begins anew;
 * reservations, and monitors that were asked, are as old as nobody knows. Its entry in the line
 * stays as it is.
 */
export function ofThisClock(job: Job, clockSince: number, settings: QueueSettings): Job {
  if ((job.clockSince ?? 0) === clockSince) return job;
  const heldMs = Math.max(0, (job.heldUntil ?? 0) - job.heardAt);
  const presentUntil = clockSince + heldMs + 1_000 + settings.presenceGraceMs;
  const { asked = {} } = job;
  return {
    ...job,
    clockSince,
    heardAt: clockSince,
    presentUntil,
    abandonAt: clockSince + heldMs + settings.abandonAfterMs,
    ...(job.heldUntil !== undefined && { heldUntil: clockSince + heldMs }),
    ...(job.asideUntil !== undefined && { asideUntil: clockSince + settings.monitorReserveTimeoutMs }),
    ...(job.claim !== undefined && {
      claim: {
        ...job.claim,
        at: unknownTime,
        legs: job.claim.legs.map((leg) => legOfThisClock(leg, clockSince, settings)),
      },
    }),
    ...(job.asked !== undefined && {
      asked: Object.fromEntries(Object.keys(asked).map((monitor) => [monitor, unknownTime])),
    }),
    ...(job.runnersInHand !== undefined && {
      runnersInHand: job.runnersInHand.map((runner) => ({ ...runner, since: unknownTime })),
    }),
    ...(job.answerUntil !== undefined && { answerUntil: unknownTime }),
  };
}

/**
 * What is offered to a monitor that fetches, or what it accepted, is waited for anew; what became of
 * a leg at a called one, no longer than if it were claimed when the clock was set (evidence.ts).
 */
function legOfThisClock(leg: Leg, clockSince: number, settings: QueueSettings): Leg {
  if (!isOpen(leg)) return leg;
  if (!isPulled(leg)) return { ...leg, holdUntil: legTimes(leg.runners, clockSince, settings).holdUntil };
  return {
    ...leg,
    holdUntil: clockSince + settings.unknownHoldMs,
    offeredUntil: clockSince + settings.offerTtlMs,
    ...(leg.acceptedAt !== undefined && { acceptedAt: unknownTime }),
  };
}
