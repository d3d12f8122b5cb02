// Who is there. Only polls and enqueues count; a poll is written down at most once per
// TOUCH_INTERVAL, so every deadline leaves room for the polls that were not written: a job is never
// taken for gone too early, and at most TOUCH_INTERVAL too late.
//
//   heard ........ presentUntil .............. abandonAt
//     present          absent: keeps its place     abandoned
//                      and holds nobody back
//
// Time in which nobody could be heard does not count. `renewedAt` is when somebody could be heard
// again: from then on every job has its time anew.

import { clockToleranceMs, maxRetryAfterMs, type QueueSettings } from "../settings.ts";
import type { Job } from "./job.ts";

/**
 * For how long a poll's request stays open, ms, and which request that is; 0 and "" where it is
 * answered at once.
 */
export interface Hold {
  readonly holdMs: number;
  readonly holder: string;
}

export const noHold: Hold = { holdMs: 0, holder: "" };

type Presence = Pick<Job, "heardAt" | "isPresent" | "presentUntil" | "abandonAt">;

/**
 * Presence of a job that was just enqueued: its first poll is due at once. `heardAt` 0 makes that
 * poll count in full.
 */
export function presenceOfNewJob(now: number, settings: QueueSettings): Presence {
  return { heardAt: 0, isPresent: true, ...dueAtOnce(now, settings) };
}

/** Deadlines of a job whose next poll is due within a second. */
function dueAtOnce(now: number, settings: QueueSettings): Pick<Presence, "presentUntil" | "abandonAt"> {
  return { presentUntil: now + 1000 + settings.presenceGraceMs, abandonAt: now + settings.abandonAfterMs };
}

/**
 * Presence after a poll that was told to come back in `retryAfterSeconds`, or will be in `holdMs`:
 * an open request is presence, declared as a whole when it begins, so that 5,000 of them write
 * nothing while they wait. Another poll of the same job takes nothing of that away.
 */
export function presenceAfterPoll(
  before: Presence,
  now: number,
  retryAfterSeconds: number,
  settings: QueueSettings,
  holdMs = 0,
): Presence {
  const unwrittenMs = Math.max(settings.touchIntervalMs, holdMs);
  const presentUntil = now + unwrittenMs + retryAfterSeconds * 1000 + settings.presenceGraceMs;
  const abandonAt = now + unwrittenMs + settings.abandonAfterMs;
  return {
    heardAt: now,
    isPresent: true,
    presentUntil: Math.max(notFromFuture(before.presentUntil, now, settings), presentUntil),
    abandonAt: Math.max(notFromFuture(before.abandonAt, now, settings), abandonAt),
  };
}

/**
 * Presence after the same enqueue came again: its caller is there, and their first poll is due at
 * once.
 */
export function presenceAfterRepeat(before: Presence, now: number, settings: QueueSettings): Presence {
  const { presentUntil, abandonAt } = dueAtOnce(now, settings);
  return {
    heardAt: now,
    isPresent: true,
    presentUntil: Math.max(notFromFuture(before.presentUntil, now, settings), presentUntil),
    abandonAt: Math.max(notFromFuture(before.abandonAt, now, settings), abandonAt),
  };
}

/** Presence of a job for which nobody will poll, until GitHub's first word. */
export function presenceUntilFirstWord(now: number, settings: QueueSettings): Presence {
  const until = now + settings.abandonAfterMs;
  return { heardAt: 0, isPresent: true, presentUntil: until, abandonAt: until };
}

/**
 * Whether GitHub says that a job waits: it is present as long as that is so, and due at no time.
 */
export function isPresentByWord(job: Pick<Job, "detached">): boolean {
  return job.detached === "queued";
}

/**
 * Presence of a job whose held request ended too soon: its next poll is due at once, as after an
 * enqueue.
 */
export function presenceAfterHangUp(now: number, settings: QueueSettings): Omit<Presence, "isPresent"> {
  return { heardAt: now, ...dueAtOnce(now, settings) };
}

/**
 * Whether a poll has to be written down: it is new, leaves less than ABANDON_AFTER by what is
 * written, will be held for longer than is known, or by another request.
 */
export function needsRecord(
  job: Presence & Pick<Job, "holder">,
  now: number,
  settings: QueueSettings,
  hold: Hold,
): boolean {
  const isKnownHolder = hold.holder === "" || hold.holder === job.holder;
  const sinceHeardMs = now - job.heardAt;
  const isRecent = sinceHeardMs < settings.touchIntervalMs && sinceHeardMs >= 0;
  const isShort = job.presentUntil < now + hold.holdMs || job.abandonAt < now + settings.abandonAfterMs;
  return !job.isPresent || !isKnownHolder || !isRecent || isShort;
}

/**
 * When a job stops being present, and when it is abandoned, given since when somebody could be
 * heard without a break.
 */
export function deadlinesOf(
  job: Presence & Pick<Job, "detached">,
  renewedAt: number,
  settings: QueueSettings,
): Pick<Presence, "presentUntil" | "abandonAt"> {
  if (isPresentByWord(job)) return { presentUntil: Number.POSITIVE_INFINITY, abandonAt: Number.POSITIVE_INFINITY };
  return {
    presentUntil: Math.max(job.presentUntil, renewedAt + maxRetryAfterMs(settings) + settings.presenceGraceMs),
    abandonAt: Math.max(job.abandonAt, renewedAt + settings.abandonAfterMs),
  };
}

/** The furthest that a deadline of presence can lie ahead, ms: a hold lasts a minute at most. */
export function maxPresenceAheadMs(settings: QueueSettings): number {
  return (
    60_000 + settings.touchIntervalMs + maxRetryAfterMs(settings) + settings.presenceGraceMs + settings.abandonAfterMs
  );
}

/** A deadline that was written before the clock was set back counts as now. */
function notFromFuture(time: number, now: number, settings: QueueSettings): number {
  return time > now + maxPresenceAheadMs(settings) + clockToleranceMs ? now : time;
}

/**
 * A job that stands aside until a time of before the clock was set back does so once more, for as
 * long as one ever does.
 */
export function withAsideOfNow(job: Job, now: number, settings: QueueSettings): Job {
  const latest = now + settings.monitorReserveTimeoutMs;
  const isPossible = job.asideUntil === undefined || job.asideUntil <= latest + clockToleranceMs;
  return isPossible ? job : { ...job, asideUntil: latest };
}

/**
 * The job with the held request that last spoke for it; a poll that is answered at once changes
 * nothing in that.
 */
export function withHolder<T extends Pick<Job, "holder" | "heldUntil">>(
  job: T,
  { holder, holdMs }: Hold,
  now: number,
): T {
  return holder === "" ? job : { ...job, holder, heldUntil: now + holdMs };
}

/** How a job's owner is there: a request of theirs is open, they ask now and then, or GitHub speaks for them. */
export type PresenceKind = "connected" | "polls" | "github";

export function presenceKindOf(
  { detached, heldUntil = 0 }: Pick<Job, "detached" | "heldUntil">,
  now: number,
): PresenceKind {
  if (detached !== undefined) return "github";
  return heldUntil > now ? "connected" : "polls";
}
