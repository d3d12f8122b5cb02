// Watch: what dashboards show of the runners that a job was given. A busy one has started. One that
// is gone, or idle for too long, is lost where GitHub still waits for it; then the job is served
// again, if that is wanted.
import { describeChange } from "../../history.ts";
import { beginGeneration } from "../../job/generation.ts";
import { type GithubWord, jobsOf } from "../../job/github-word.ts";
import { generationOf, type Job } from "../../job/job.ts";
import {
  beginLook,
  countLost,
  endLook,
  hasStarted,
  loseStart,
  type SeenRunner,
  type Start,
  startBySight,
} from "../../job/start.ts";
import { isForgotten } from "../../job/tombstone.ts";
import type { Operation } from "../../profile.ts";

/**
 * Whoever gets the job looks at its runners; nobody else does for a while. Null: it is not time, or
 * somebody was faster.
 */
export function beginLookOperation(profileKey: string, uniqueId: string): Operation<(Job & { start: Start }) | null> {
  return {
    name: "begin_look",
    profileKey,
    reads: { jobs: [{ uniqueId, order: null }] },
    decide: ({ job: read, now, settings }) => {
      const { job } = read(uniqueId);
      if (job === null || isForgotten(job, now) || !isStarting(job)) return { answer: null };
      if (job.start.lookAt === undefined || job.start.lookAt > now) return { answer: null };
      const after = { ...job, start: beginLook(job.start, now, settings.startTimeoutMs) };
      return { answer: after, change: { jobs: [{ before: job, after }] } };
    },
  };
}

export interface WatchReply {
  /** the job as it was and is; null: nothing became of it */
  readonly changed: { readonly before: Job & { readonly start: Start }; readonly after: Job } | null;
  readonly isServedAgain: boolean;
}

/** @param seen all runners of the job's monitors, each as last shown; null: it is not certain what became of them */
export function watchStartOperation(
  profileKey: string,
  uniqueId: string,
  seen: readonly SeenRunner[] | null,
): Operation<WatchReply> {
  const nothing: WatchReply = { changed: null, isServedAgain: false };
  return {
    name: "watch_start",
    profileKey,
    reads: { jobs: [{ uniqueId, order: null }], front: true, flows: true },
    decide: ({ job: read, now, lostAt, settings }) => {
      const { job } = read(uniqueId);
      if (job === null || isForgotten(job, now) || !isStarting(job)) return { answer: nothing };
      const { start, word = [] } = job;
      const { startTimeoutMs, startWatch, maxRestarts } = settings;
      const generation = generationOf(job);
      if (seen !== null && hasStarted(start, seen)) {
        const after = { ...job, start: startBySight(start, now) };
        return {
          answer: { changed: { before: job, after }, isServedAgain: false },
          change: { jobs: [{ before: job, after }] },
        };
      }
      const waiting = jobsOf(word, generation).filter(({ state }) => state === "queued").length;
      const lost = seen === null ? 0 : countLost(start, waiting, seen, now, startTimeoutMs);
      if (lost === 0) {
        const ended = endLook(start, seen !== null, now, startTimeoutMs);
        if (ended === start) return { answer: nothing };
        return { answer: nothing, change: { jobs: [{ before: job, after: { ...job, start: ended } }] } };
      }
      const reported: Job = { ...job, start: loseStart(start, now) };
      const changed = { before: job, after: reported };
      const restarts = job.restarts ?? 0;
      if (startWatch !== "act" || restarts >= maxRestarts) {
        return { answer: { changed, isServedAgain: false }, change: { jobs: [{ before: job, after: reported }] } };
      }
      // its old place: it was its turn already
      const next = {
        place: job.place,
        share: job.share,
        runnerCount: lost,
        isCounted: true,
        attempt: job.attempt ?? 1,
        detached: "queued",
      } as const;
      const freed = { ...reported, word: withoutWaiting(word, generation) };
      const again = {
        ...beginGeneration(freed, next, lostAt, now, settings),
        restarts: restarts + 1,
        avoided: monitorsOf(start),
      };
      return {
        answer: { changed, isServedAgain: true },
        change: {
          jobs: [{ before: job, after: again }],
          history: [describeChange(job, again, true, "start watch", now)],
          wake: [uniqueId],
          makesRoom: true,
        },
      };
    },
  };
}

function isStarting(job: Job): job is Job & { start: Start } {
  return job.state === "taken" && job.start?.state === "starting";
}

/** The word in which no generation stands for what waited for this one: the next one will. */
function withoutWaiting(word: GithubWord, generation: number): GithubWord {
  const waiting = new Set(jobsOf(word, generation).filter(({ state }) => state === "queued"));
  return word.map((entry) => {
    if (!waiting.has(entry)) return entry;
    const { generation: _, ...rest } = entry;
    return rest;
  });
}

/** The monitors that a lost start was at. */
export function monitorsOf({ runners }: Pick<Start, "runners">): string[] {
  return [...new Set(runners.map((name) => name.slice(0, name.indexOf("/"))))];
}
