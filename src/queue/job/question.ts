// When GitHub's API is asked about a job, which tells what no event did: that its job came,
// started, ended or was re-run. A job that is present by GitHub's word is asked about while it
// stands near the front of the line; the others by these times: the less often, the longer nothing
// happened.
import type { QueueSettings } from "../settings.ts";
import { currentJobs, type HeardJob } from "./github-word.ts";
import { enqueuedAt, isOver, type Job } from "./job.ts";

/** No run is asked about more often, by all instances together, ms. */
export const minQuestionGapMs = 60_000;
/** GitHub's lists may be so late, ms: a job that is missing there is not gone yet. */
const believedAfterMs = 600_000;

/** Of a job that nobody polls for, and of which GitHub has not spoken: before it is abandoned. */
export function firstQuestionMs({ abandonAfterMs }: Pick<QueueSettings, "abandonAfterMs">): number {
  return Math.min(20_000, Math.floor((abandonAfterMs * 2) / 3));
}

/** How long after a question the next one is asked about this job, ms; null: no more. */
export function nextQuestionMs(job: Job, now: number): number | null {
  const isAwaited = job.detached === "awaited";
  if (!isOver(job.state)) return isAwaited ? minQuestionGapMs : null;
  if (job.state === "taken" || job.first !== undefined) {
    const since = job.start?.since ?? job.endedAt ?? now;
    const afterMs = Math.max(minQuestionGapMs, (now - since) / 2);
    return now + afterMs < (job.forgetAt ?? 0) ? Math.floor(afterMs) : null;
  }
  // GitHub's first word may be late: it comes in line again by it
  const isLate = job.state === "abandoned" && isAwaited && now - (job.endedAt ?? 0) < believedAfterMs;
  return isLate ? minQuestionGapMs : null;
}

/**
 * What is said of GitHub's jobs that it lists no more: they are over. One that is young may not be
 * listed yet.
 * @param ids all that it lists of the run
 */
export function sayGone(job: Job, ids: ReadonlySet<number>, now: number): readonly HeardJob[] {
  if (Math.max(enqueuedAt(job.place), job.endedAt ?? 0) + believedAfterMs > now) return [];
  const gone = currentJobs(job.word ?? []).filter(({ id, state }) => state !== "completed" && !ids.has(id));
  return gone.map(({ id, attempt }) => ({ id, attempt, state: "completed" }));
}
