// How a job begins, and what is kept of it when it is over.

import { clockToleranceMs, legMemoryMs, type QueueSettings } from "../settings.ts";
import { enqueuedAt, hasOpenLeg, isOpen, isOver, type Job, type Ticket, ticketOf } from "./job.ts";
import { presenceOfNewJob } from "./presence.ts";

/**
 * A job as it enters the line, or comes back to it by its ticket. One whose place is of this epoch
 * has no claim that the store may have forgotten.
 * @param lostAt since when the store knows everything, ms
 */
export function createJob(
  ticket: Ticket,
  lostAt: number,
  now: number,
  settings: QueueSettings,
  endedPlace?: number,
): Job {
  return {
    ...ticketOf(ticket),
    state: "queued",
    ...presenceOfNewJob(now, settings),
    attempts: 0,
    refusals: 0,
    ...(ticket.place >= lostAt * 1000 && { clearedFor: lostAt }),
    ...(endedPlace !== undefined && { endedPlace }),
  };
}

/** Whether a ticket is too old to bring back a job of which the store knows nothing. */
export function isTicketExpired({ place }: Pick<Ticket, "place">, now: number, settings: QueueSettings): boolean {
  return now - enqueuedAt(place) > settings.ticketMaxAgeMs;
}

/**
 * A job that the store has lost, by its ticket. A place ahead of the clock is of before it was set
 * back: whether the store was lost since, nobody can tell, so evidence comes first.
 */
export function readmitJob(ticket: Ticket, lostAt: number, now: number, settings: QueueSettings): Job {
  const { clearedFor, ...job } = createJob(ticket, lostAt, now, settings);
  const isAhead = enqueuedAt(ticket.place) > now + clockToleranceMs;
  return isAhead || clearedFor === undefined ? job : { ...job, clearedFor };
}

/**
 * The tombstone of a job. It outlives the job's ticket, so that nothing comes back from the dead,
 * and every leg that is still open, and whatever GitHub may ask for again. It keeps no more than
 * late news and the ticket's holder need.
 */
export function endJob(job: Job, now: number, settings: QueueSettings): Job {
  const ticketEndsAt = enqueuedAt(job.place) + settings.ticketMaxAgeMs;
  const legsEndAt = (job.claim?.legs ?? []).map(({ holdUntil }) => holdUntil + legMemoryMs);
  const wordEndsAt = now + (job.word === undefined ? 0 : settings.detachedMaxWaitMs);
  const rerunEndsAt = now + (job.state === "taken" || job.first !== undefined ? settings.rerunMemoryMs : 0);
  const forgetAt = Math.max(now + settings.tombstoneTtlMs, ticketEndsAt, wordEndsAt, rerunEndsAt, ...legsEndAt);
  const { holder: _, heldUntil: _______, asideUntil: __, limit: ________, ...waiting } = job;
  const { unchargedRefusals: ___, isSpared: ____, ...rest } = waiting;
  const ended = { ...rest, isPresent: false, endedAt: now, forgetAt };
  if (hasOpenLeg(job)) return ended;
  // who was asked matters only while an answer may still come
  const { claim: _____, asked: ______, ...small } = ended;
  return small;
}

/** A tombstone whose answer nobody may be given any more. */
export function withoutAnswer(job: Job): Job {
  const { answer: _, ...rest } = job;
  return rest;
}

/** Whether a tombstone's time is over. */
export function isForgotten(job: Pick<Job, "forgetAt">, now: number): boolean {
  return job.forgetAt !== undefined && job.forgetAt <= now;
}

/** Whether an answer may still be given: never when its monitor may have destroyed the runners. */
export function isAnswerGood(job: Pick<Job, "answer" | "answerUntil">, now: number, answerTtlMs: number): boolean {
  const until = job.answerUntil ?? 0;
  return job.answer !== undefined && until > now && until <= now + answerTtlMs;
}

/**
 * Whether an id may be used for a new job: nothing lives under it, and no monitor may still be at
 * work for it.
 */
export function isIdFree(job: Job): "free" | "settling" | "taken" | "alive" {
  if (!isOver(job.state)) return "alive";
  if (job.state === "taken" || job.first !== undefined) return "taken";
  return job.claim?.legs.some(isOpen) ? "settling" : "free";
}
