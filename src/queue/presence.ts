// Who is there. Only polls count; a poll is written down at most once per TOUCH_INTERVAL, so every deadline leaves room for
// the polls that were not written: a job is never taken for gone too early, and at most TOUCH_INTERVAL too late.
//
//   touched ...... awakeUntil ................ abandonAt
//     present          asleep: keeps its place      abandoned
//                      and holds nobody back
import { heldSince, type Job } from "./job.ts";
import type { QueueSettings } from "./settings.ts";

type Presence = Pick<Job, "touchedAt" | "awake" | "awakeUntil" | "abandonAt">;

/** Presence of a job that was just enqueued: its first poll is due at once. `touchedAt` 0 makes that poll count in full. */
export function presenceOfNewJob(now: number, settings: QueueSettings): Presence {
  return {
    touchedAt: 0,
    awake: true,
    awakeUntil: now + 1000 + settings.presenceGraceMs,
    abandonAt: now + settings.abandonAfterMs,
  };
}

/** Presence after a poll that was told to come back in `retryAfterSeconds`. */
export function presenceAfterPoll(now: number, retryAfterSeconds: number, settings: QueueSettings): Presence {
  return {
    touchedAt: now,
    awake: true,
    awakeUntil: now + settings.touchIntervalMs + retryAfterSeconds * 1000 + settings.presenceGraceMs,
    abandonAt: now + settings.touchIntervalMs + settings.abandonAfterMs,
  };
}

/** Whether a poll has to be written down. */
export function needsTouch(job: Presence, now: number, settings: QueueSettings): boolean {
  return !job.awake || now - job.touchedAt >= settings.touchIntervalMs;
}

/** When something next happens to a queued job by time alone (ms). */
export function nextDueAt(
  job: Pick<Job, "awake" | "awakeUntil" | "abandonAt" | "held">,
  settings: QueueSettings,
): number {
  const presenceDueAt = job.awake ? Math.min(job.awakeUntil, job.abandonAt) : job.abandonAt;
  return Math.min(presenceDueAt, heldSince(job) + settings.holdTimeoutMs);
}
