// How a job begins, and how it ends in a tombstone.
import { enqueuedAt, type Job, type Ticket } from "./job.ts";
import type { PollReply } from "./ports.ts";
import { presenceOfNewJob } from "./presence.ts";
import { legMemoryMs, type QueueSettings } from "./settings.ts";

/** A job as it enters the line, or comes back to it by its ticket. */
export function createJob(ticket: Ticket, now: number, settings: QueueSettings): Job {
  return {
    state: "queued",
    place: ticket.place,
    count: ticket.runnerCount,
    repo: ticket.qualifiedRepo,
    run: ticket.runId,
    ...presenceOfNewJob(now, settings),
    attempts: 0,
    refusals: 0,
  };
}

/** The tombstone of a job. It outlives the job's ticket, so that nothing comes back from the dead, and every leg that is still open. */
export function endJob(job: Job, now: number, settings: QueueSettings): Job {
  const ticketEndsAt = enqueuedAt(job.place) + settings.ticketMaxAgeMs;
  const legsEndAt = (job.claim?.legs ?? []).map(({ holdUntil }) => holdUntil + legMemoryMs);
  const goneAt = Math.max(now + settings.tombstoneTtlMs, ticketEndsAt, ...legsEndAt);
  return { ...job, awake: false, endedAt: now, goneAt };
}

/** What a poll of a job hears that is over; null while it is not. */
export function replyWhenOver(job: Job, now: number): PollReply | null {
  switch (job.state) {
    case "taken": {
      const isKept = job.answer !== undefined && (job.answerUntil ?? 0) > now;
      return isKept ? { kind: "taken", answer: job.answer ?? "null" } : { kind: "answer_expired" };
    }
    case "abandoned":
      return { kind: "abandoned", isNew: false };
    case "failed":
    case "cancelled":
      return { kind: job.state };
    case "queued":
    case "claimed":
      return null;
  }
}
