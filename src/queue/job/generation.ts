// A unique_id may be served more than once: its job is re-run at GitHub. Each time is a generation
// of the same job, with a place of its own, so that the first ticket stays good and nothing of
// before passes for news.
//
//   taken --- GitHub waits for a higher attempt of the run ---> queued, generation + 1, at the end of the line
import type { QueueSettings } from "../settings.ts";
import { closeServed, highestAttempt, standFor, unservedJobs } from "./github-word.ts";
import { generationOf, hasOpenLeg, isOver, type Job, ticketOf } from "./job.ts";

import { createJob } from "./tombstone.ts";

/** What the next generation of a job is for. */
export interface NextGeneration {
  /** where it stands in line */
  readonly place: number;
  readonly share: Job["share"];
  readonly runnerCount: number;
  /** see Job */
  readonly isCounted: boolean;
  /** the attempt of its run that it serves */
  readonly attempt: number;
  /** absent: its client polls */
  readonly detached?: Job["detached"];
}

/**
 * The next generation of a job that is over. Runners that it had are spent, and so no evidence.
 * @param lostAt since when the store knows everything, ms
 */
export function beginGeneration(
  job: Job,
  { place, share, runnerCount, isCounted, attempt, detached }: NextGeneration,
  lostAt: number,
  now: number,
  settings: QueueSettings,
): Job {
  const generation = generationOf(job) + 1;
  const { expeditedAt: _, ...ticket } = ticketOf(job);
  const begun = createJob({ ...ticket, place, share, runnerCount }, lostAt, now, settings, job.place);
  const word = closeServed(standFor(job.word ?? [], generation, isCounted ? runnerCount : undefined), generation - 1);
  return {
    ...begun,
    generation,
    first: job.first ?? { place: job.place, runnerCount: job.runnerCount },
    ...(detached !== undefined && { detached }),
    attempt: Math.max(attempt, highestAttempt(word)),
    word,
    ...(isCounted && { isCounted }),
    ...(job.restarts !== undefined && { restarts: job.restarts }),
    ...(job.asked !== undefined && { asked: job.asked }),
    ...(job.spentRunners !== undefined && { spentRunners: job.spentRunners }),
  };
}

/** Whether GitHub waits for runners that the job's next generation has to ask for. */
export function awaitsGeneration(job: Pick<Job, "state" | "claim" | "word">): boolean {
  return isOver(job.state) && !hasOpenLeg(job) && job.word !== undefined && unservedJobs(job.word).length > 0;
}
