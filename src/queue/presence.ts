// Who is there. Only polls count; a poll is written down at most once per TOUCH_INTERVAL, so every deadline leaves room for
// the polls that were not written: a job is never taken for gone too early, and at most TOUCH_INTERVAL too late.
//
//   touched ...... awakeUntil ................ abandonAt
//     present          asleep: keeps its place      abandoned
//                      and holds nobody back
import { heldSince, type Job } from "./job.ts";
import type { QueueSettings } from "./settings.ts";

/** For how long a poll's request stays open, ms, and which request that is; 0 and "" where it is answered at once. */
export interface Hold {
  readonly holdMs: number;
  readonly holder: string;
}

type Presence = Pick<Job, "touchedAt" | "awake" | "awakeUntil" | "abandonAt">;

/** Presence of a job that was just enqueued: its first poll is due at once. `touchedAt` 0 makes that poll count in full. */
export function presenceOfNewJob(now: number, settings: QueueSettings): Presence {
  return { touchedAt: 0, awake: true, ...dueAtOnce(now, settings) };
}

/** Deadlines of a job whose owner has his next poll due within a second. */
function dueAtOnce(now: number, settings: QueueSettings): Pick<Presence, "awakeUntil" | "abandonAt"> {
  return { awakeUntil: now + 1000 + settings.presenceGraceMs, abandonAt: now + settings.abandonAfterMs };
}

/**
 * Presence after a poll that was told to come back in `retryAfterSeconds`, or will be in `holdMs`: an open request is presence, declared as a
 * whole when it begins, so that 5,000 of them write nothing while they wait. Another poll of the same job takes nothing of that away.
 */
export function presenceAfterPoll(
  before: Presence,
  now: number,
  retryAfterSeconds: number,
  settings: QueueSettings,
  holdMs = 0,
): Presence {
  const unwrittenMs = Math.max(settings.touchIntervalMs, holdMs);
  const awakeUntil = now + unwrittenMs + retryAfterSeconds * 1000 + settings.presenceGraceMs;
  return {
    touchedAt: now,
    awake: true,
    awakeUntil: Math.max(before.awakeUntil, awakeUntil),
    abandonAt: Math.max(before.abandonAt, now + unwrittenMs + settings.abandonAfterMs),
  };
}

/** Presence of a job whose held request ended too soon: its owner has his next poll due at once, as after an enqueue. */
export function presenceAfterHangUp(now: number, settings: QueueSettings): Omit<Presence, "awake"> {
  return { touchedAt: now, ...dueAtOnce(now, settings) };
}

/** Whether a poll has to be written down: it is news, or it will be held for longer than is known, or by another request than is known. */
export function needsTouch(
  job: Presence & Pick<Job, "holder">,
  now: number,
  settings: QueueSettings,
  hold: Hold,
): boolean {
  const isKnown = hold.holder === "" || hold.holder === job.holder;
  return (
    !job.awake || !isKnown || now - job.touchedAt >= settings.touchIntervalMs || job.awakeUntil < now + hold.holdMs
  );
}

/** When something next happens to a queued job by time alone (ms). */
export function nextDueAt(
  job: Pick<Job, "awake" | "awakeUntil" | "abandonAt" | "held">,
  settings: QueueSettings,
): number {
  const presenceDueAt = job.awake ? Math.min(job.awakeUntil, job.abandonAt) : job.abandonAt;
  return Math.min(presenceDueAt, heldSince(job) + settings.holdTimeoutMs);
}

/** The job with the held request that last spoke for it; a poll that is answered at once changes nothing in that. */
export function withHolder(job: Job, holder: string): Job {
  return holder === "" ? job : { ...job, holder };
}
