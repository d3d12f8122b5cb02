// Hear: GitHub says how its jobs stand that name one of ours by their label. The news is merged
// into the job's word, and what follows is decided from the word alone: a re-run begins the next
// generation, a detached job comes in line or leaves it.
import { targetRunners } from "../../fleet/fleet.ts";
import { describeChange } from "../../history.ts";
import { beginGeneration } from "../../job/generation.ts";
import {
  type GithubWord,
  type HeardJob,
  highestAttempt,
  jobsOf,
  mergeWord,
  standFor,
  unservedJobs,
} from "../../job/github-word.ts";
import { generationOf, hasOpenLeg, isOver, type Job, type JobRequest, ticketOf } from "../../job/job.ts";
import { releaseRunners } from "../../job/settlement.ts";
import { startByWord } from "../../job/start.ts";
import { createJob, endJob, isForgotten } from "../../job/tombstone.ts";
import { beginShare, widenShare } from "../../line/shares.ts";
import type { Change, Decision, Operation, ProfileView } from "../../profile.ts";
import { maxCommitAgeMs } from "../../settings.ts";

export interface HearCommand {
  readonly request: Omit<JobRequest, "runnerCount">;
  /** nothing: what was heard before is looked at again */
  readonly news: readonly HeardJob[];
  /** when GitHub made the job that the news is of, ms: what is too old brings nothing in line */
  readonly createdAt: number;
  /** a label of GitHub's job says this profile as well: that is an enqueue */
  readonly isNamed: boolean;
  /**
   * when the id was booked, on the store's clock, ms: a new job needs a fresh booking. Null: it was
   * not
   */
  readonly bookedAt: number | null;
}

/** What came of a piece of news. */
export const hearOutcomes = [
  "recorded",
  /** it said nothing new */
  "repeated",
  /** a job came in line that nobody enqueued */
  "enqueued",
  /** the next generation of a job came in line */
  "rerun",
  /** GitHub waits no more: a detached job left the line */
  "ended",
  "unknown_job",
  /** the unique_id is of another repository or run */
  "other_run",
  "too_old",
  "full",
] as const;
export type HearOutcome = (typeof hearOutcomes)[number];

export type HearReply =
  | {
      readonly kind: "heard";
      readonly outcome: HearOutcome;
      readonly job: Job | null;
      /** as it was, where it changed */
      readonly before: Job | null;
      readonly leaked: readonly string[];
    }
  /** a job would begin, and the booking of its id is too old for that: it has to be booked anew */
  | { readonly kind: "booking_too_old" };

export function hearOperation(command: HearCommand): Operation<HearReply> {
  const { uniqueId, profileKey } = command.request;
  return {
    name: "hear",
    profileKey,
    reads: { jobs: [{ uniqueId, order: null }], places: 1, front: true, sizes: true, flows: true },
    decide: (view) => decideHear(command, view),
  };
}

function decideHear(command: HearCommand, view: ProfileView): Decision<HearReply> {
  const { request, news, isNamed } = command;
  const { job: stored } = view.job(request.uniqueId);
  const known = stored === null || isForgotten(stored, view.now) ? null : stored;
  if (known === null) {
    if (!isNamed) return answer("unknown_job", null);
    if (command.createdAt + view.settings.detachedMaxWaitMs < view.now) return answer("too_old", null);
    return hearOfNewJob(command, view, stored, mergeWord([], news));
  }
  if (!isSameRun(known, request)) return answer("other_run", known);
  const word = mergeWord(known.word ?? [], news);
  const job = word === known.word ? known : { ...known, word };
  return isOver(known.state) ? hearOfEndedJob(command, view, known, job) : hearOfLiveJob(view, known, job);
}

/**
 * A label alone is an enqueue. News of what is over already leaves a tombstone: the news before it
 * may yet come.
 * @param before a job of this id that is over and never had its runners, or null
 */
function hearOfNewJob(
  command: HearCommand,
  view: ProfileView,
  before: Job | null,
  word: GithubWord,
): Decision<HearReply> {
  const { now, settings, place, lostAt } = view;
  const { request, bookedAt } = command;
  if (bookedAt === null || now - bookedAt > maxCommitAgeMs) return { answer: { kind: "booking_too_old" } };
  const created = createJob({ ...request, place, runnerCount: 1 }, lostAt, now, settings, before?.place);
  const generation = before === null ? 1 : generationOf(before);
  const marked = standFor(word, generation, limitCount(view, Number.POSITIVE_INFINITY));
  const runnerCount = Math.max(1, countWaiting(marked, generation));
  const share = beginShare(view.policy, view.head, { ...created, runnerCount }, place);
  const job: Job = {
    ...created,
    runnerCount,
    ...(share !== undefined && { share }),
    word: marked,
    attempt: highestAttempt(word),
    isCounted: true,
    detached: "queued",
  };
  if (unservedJobs(word).length > 0) return comeInLine(view, "enqueued", before, job);
  const ended = endJob({ ...job, state: "cancelled" }, now, settings);
  return answer("recorded", ended, { jobs: [{ before, after: ended }] });
}

/**
 * A job that was enqueued for nobody to poll, and of which GitHub speaks only now: it has its old
 * place.
 */
function comeBack({ bookedAt }: HearCommand, view: ProfileView, known: Job, word: GithubWord): Decision<HearReply> {
  const { now, settings, lostAt } = view;
  if (bookedAt === null || now - bookedAt > maxCommitAgeMs) return { answer: { kind: "booking_too_old" } };
  const generation = generationOf(known);
  const job: Job = {
    ...createJob(ticketOf(known), lostAt, now, settings, known.endedPlace),
    ...(known.generation !== undefined && { generation }),
    word: standFor(word, generation),
    attempt: Math.max(known.attempt ?? 1, highestAttempt(word)),
    detached: "queued",
  };
  return comeInLine(view, "enqueued", known, job);
}

/**
 * A job in line, or being asked for. What is polled for is only told of; one that is detached
 * follows GitHub's word.
 */
function hearOfLiveJob(view: ProfileView, known: Job, heard: Job): Decision<HearReply> {
  const { now, settings } = view;
  const generation = generationOf(known);
  const isInLine = known.state === "queued";
  const word = standForMore(view, heard);
  const attempt = Math.max(known.attempt ?? 1, highestAttempt(word));
  const job: Job = word === known.word && attempt === (known.attempt ?? 1) ? known : { ...known, word, attempt };
  if (job.detached === undefined) return record(known, job);

  const waiting = countWaiting(word, generation);
  const mine = jobsOf(word, generation).length;
  if (waiting === 0 && mine >= (job.isCounted === true ? 1 : job.runnerCount)) {
    const released = releaseRunners(job, now, settings);
    const ended = endJob({ ...released.job, state: "cancelled" }, now, settings);
    return {
      answer: { kind: "heard", outcome: "ended", job: ended, leaked: released.leaked, before: known },
      change: {
        jobs: [{ before: known, after: ended }],
        history: [describeChange(known, ended, false, "GitHub", now)],
        wake: [known.uniqueId],
        makesRoom: true,
      },
    };
  }
  const isRecounted = job.isCounted === true && isInLine && waiting > 0;
  const runnerCount = isRecounted ? Math.max(waiting, (job.runnersInHand?.length ?? 0) + 1) : job.runnerCount;
  const isSaidToWait = job.detached === "awaited" && waiting > 0;
  if (runnerCount === job.runnerCount && !isSaidToWait) return record(known, job);
  const present = isSaidToWait ? { detached: "queued" as const, isPresent: isInLine } : {};
  const share = job.share === undefined ? {} : { share: widenShare(view.policy, { ...job, runnerCount }, job.share) };
  const after: Job = { ...job, runnerCount, ...share, ...present };
  return answer("recorded", after, { jobs: [{ before: known, after }], makesRoom: true });
}

/**
 * What a claim under way asks for does not change: the next generation stands for who comes
 * meanwhile.
 */
function standForMore(view: ProfileView, { state, word = [], isCounted, generation = 1 }: Job): GithubWord {
  if (isCounted !== true) return standFor(word, generation);
  const room = limitCount(view, Number.POSITIVE_INFINITY) - countWaiting(word, generation);
  return state === "queued" ? standFor(word, generation, room) : word;
}

/** A job that is over: GitHub may wait for runners again. */
function hearOfEndedJob(command: HearCommand, view: ProfileView, known: Job, merged: Job): Decision<HearReply> {
  const { now, settings, place, lostAt } = view;
  const { word = [] } = merged;
  const { start } = known;
  const heard = start === undefined ? merged : { ...merged, start: startByWord(start, word, known, now) };
  const wasServed = known.state === "taken" || known.first !== undefined;
  const isHigher = highestAttempt(word) > (known.attempt ?? 1);
  // it was abandoned because GitHub's first word came late
  const isLate = known.state === "abandoned" && known.detached === "awaited";
  const mayBegin = wasServed ? isHigher || known.isCounted === true : command.isNamed || isLate;
  const waiting = mayBegin ? unservedJobs(word).length : 0;
  const isTooOld = command.createdAt + settings.detachedMaxWaitMs < now;
  if (waiting === 0 || isTooOld) {
    // this generation stands for them: whoever says it again says nothing new
    const job = word.length === 0 ? heard : { ...heard, word: standFor(word, generationOf(known)) };
    return record(known, job, waiting > 0 ? "too_old" : "recorded");
  }
  // a monitor may still be at work for it: once that is settled, the sweep looks again
  if (hasOpenLeg(known)) return record(known, heard);
  if (!wasServed) return isLate ? comeBack(command, view, known, word) : hearOfNewJob(command, view, known, word);
  const runnerCount = limitCount(view, waiting);
  const share = beginShare(view.policy, view.head, { ...known, runnerCount }, place);
  const attempt = highestAttempt(word);
  const next = { place, share, runnerCount, isCounted: true, attempt, detached: "queued" as const };
  return comeInLine(view, "rerun", known, beginGeneration(heard, next, lostAt, now, settings));
}

function comeInLine(
  view: ProfileView,
  outcome: "enqueued" | "rerun",
  before: Job | null,
  after: Job,
): Decision<HearReply> {
  const { now, settings, sizes } = view;
  const waiting = [...sizes.line, ...sizes.aside].reduce((sum, { jobs }) => sum + jobs, 0);
  if (settings.maxQueueDepth !== null && waiting >= settings.maxQueueDepth) return answer("full", null);
  return answer(outcome, after, {
    jobs: [{ before, after }],
    history: [describeChange(before, after, true, "GitHub", now)],
    relies: { maxWaiting: settings.maxQueueDepth === null ? null : settings.maxQueueDepth - 1 },
    wake: [after.uniqueId],
    makesRoom: true,
  });
}

function record(known: Job, job: Job, outcome: "recorded" | "too_old" = "recorded"): Decision<HearReply> {
  const isSame = job.word === known.word && job.attempt === known.attempt && job.start === known.start;
  return isSame ? answer("repeated", known) : answer(outcome, job, { jobs: [{ before: known, after: job }] });
}

function answer(outcome: HearOutcome, job: Job | null, change?: Change): Decision<HearReply> {
  const before = change?.jobs?.[0]?.before ?? null;
  const said: HearReply = { kind: "heard", outcome, job, leaked: [], before };
  return change === undefined ? { answer: said } : { answer: said, change };
}

/** How many jobs of GitHub's wait that a generation stands for. */
function countWaiting(word: GithubWord, generation: number): number {
  return jobsOf(word, generation).filter((entry) => entry.state === "queued" && entry.generation !== undefined).length;
}

/**
 * Jobs of GitHub's that name one unique_id need no more at once than the fleet keeps: the next
 * generation is for the others.
 */
function limitCount({ capacity }: ProfileView, wanted: number): number {
  return Math.max(1, Math.min(wanted, targetRunners(capacity.rows)));
}

function isSameRun(job: Job, { qualifiedRepo, runId }: Omit<JobRequest, "runnerCount">): boolean {
  return job.runId === runId && job.qualifiedRepo.toLowerCase() === qualifiedRepo.toLowerCase();
}
