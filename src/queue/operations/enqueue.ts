// Enqueue: a job takes the next place of its profile's line. The same request again gets the same
// place, and is presence.
import { isInForce } from "../acts.ts";
import { targetRunners } from "../fleet/fleet.ts";
import { describeChange } from "../history.ts";
import { beginGeneration } from "../job/generation.ts";
import { firstRequest, hasOpenLeg, isOver, isSameRequest, type Job, type JobRequest } from "../job/job.ts";
import { presenceAfterRepeat, presenceUntilFirstWord } from "../job/presence.ts";
import { createJob, isAnswerGood, isForgotten, isIdFree } from "../job/tombstone.ts";
import { findTooSmallLimit, type RunnerLimit } from "../line/limit.ts";
import { orderOf, sumAhead } from "../line/line.ts";
import { beginShare, enterShare, flowOf, noFlows, type Share } from "../line/shares.ts";
import { endSilence } from "../line/silence.ts";
import { hasClass } from "../policy/policy.ts";
import type { Operation, ProfileHead, ProfileView } from "../profile.ts";
import { maxCommitAgeMs } from "../settings.ts";
import { countRefusal } from "../stats/count.ts";

export interface EnqueueCommand {
  readonly request: JobRequest;
  /**
   * when the id was booked, on the store's clock, ms: a new job needs a fresh booking. 0: only to
   * see what would come
   */
  readonly bookedAt: number;
  /** every monitor was heard of since the store knows anything: targets are worth judging by */
  readonly isFleetKnown: boolean;
  /**
   * the caller goes elsewhere if more runners than this have to come free first; without it they
   * wait
   */
  readonly maxRunnersBefore?: number | undefined;
  /** where it would come in a line that is shared: who is before there is counted; else all who are in line */
  readonly order?: string | undefined;
  /** nobody will poll: the job is there as long as GitHub says that it waits */
  readonly isDetached?: boolean | undefined;
  /** the attempt of the run; a higher one than was served is the next generation */
  readonly runAttempt?: number | undefined;
  /** the class follows from the caller's claims: a job that is in line keeps the one that it has */
  readonly isClassProven?: boolean | undefined;
  /** which trace the caller is part of; kept with a new job */
  readonly traceParent?: string | undefined;
}

export type EnqueueReply =
  | {
      readonly kind: "accepted";
      readonly place: number;
      readonly share: Share | undefined;
      readonly className: string | undefined;
      readonly isNew: boolean;
    }
  | { readonly kind: "unsatisfiable"; readonly targets: number }
  /** more runners than a limit of the policy allows at once: its turn would never come */
  | { readonly kind: "above_limit"; readonly limit: RunnerLimit }
  /** the policy has no such class, and the job is none that was enqueued when it had */
  | { readonly kind: "class_unknown" }
  | { readonly kind: "too_long"; readonly runnersBefore: number }
  /** "settling": an earlier job of this id is over, but a monitor may still be at work for it */
  | { readonly kind: "conflict" | "id_used" | "fleet_unknown" | "full" | "settling" }
  /**
   * a new job would begin, and the booking of its id is too old for that: it has to be booked anew
   */
  | { readonly kind: "booking_too_old" };

export function enqueueOperation(command: EnqueueCommand): Operation<EnqueueReply> {
  const { request, bookedAt } = command;
  const { uniqueId, profileKey } = request;
  return {
    name: "enqueue",
    profileKey,
    reads: { jobs: [{ uniqueId, order: command.order ?? null }], places: 1, sizes: true, flows: true },
    decide: (view) => {
      const { now, settings } = view;
      const { job: known } = view.job(uniqueId);
      const isKnown = known !== null && !isForgotten(known, now);
      if (isKnown) {
        const use = isIdFree(known);
        if (use === "settling") return { answer: { kind: "settling" } };
        if (use !== "free") {
          const asked = command.isClassProven === true ? { ...request, className: known.className } : request;
          if (!isSameRequest(asked, firstRequest(known))) return { answer: { kind: "conflict" } };
          const isRerun = isOver(known.state) && (command.runAttempt ?? 1) > (known.attempt ?? 1);
          if (isRerun && hasOpenLeg(known)) return { answer: { kind: "settling" } };
          const isGone = use === "taken" && !isAnswerGood(known, now, settings.answerTtlMs);
          if (isGone && !isRerun) return { answer: { kind: "id_used" } };
          if (!isRerun) return repeat(view, command);
        }
      }
      const refusal = decideRefusal(view, command);
      if (refusal?.kind === "too_long") {
        return { answer: refusal, change: { counts: [countRefusal(request.qualifiedRepo, now)] } };
      }
      if (refusal !== null) return { answer: refusal };
      if (now - bookedAt > maxCommitAgeMs) return { answer: { kind: "booking_too_old" } };
      const { place } = view;
      const job = begin(command, isKnown ? known : null, view);
      const head = { ...heard(view).head, ...headWithShare(view, job) };
      return {
        answer: { kind: "accepted", place, share: job.share, className: job.className, isNew: true },
        change: {
          jobs: [{ before: known, after: job }],
          history: [describeChange(isKnown ? known : null, job, true, null, now)],
          relies: { maxWaiting: settings.maxQueueDepth === null ? null : settings.maxQueueDepth - 1 },
          ...(Object.keys(head).length > 0 && { head }),
        },
      };
    },
  };
}

/**
 * The job that comes in line: the first of its id, or one more generation of what was served
 * before.
 */
function begin(command: EnqueueCommand, known: Job | null, view: ProfileView): Job {
  const { place, lostAt, now, settings } = view;
  const { request, runAttempt, isDetached, traceParent } = command;
  const share = beginShare(view.policy, view.head, request, place);
  const isServedAgain = known !== null && isIdFree(known) === "taken";
  const next = { place, share, runnerCount: request.runnerCount, isCounted: false, attempt: runAttempt ?? 1 };
  const job = isServedAgain
    ? beginGeneration(known, next, lostAt, now, settings)
    : createJob({ ...request, place, share }, lostAt, now, settings, known?.place);
  return {
    ...job,
    ...(traceParent !== undefined && { traceParent }),
    ...(runAttempt !== undefined && { attempt: Math.max(runAttempt, job.attempt ?? 1) }),
    ...(isDetached === true && { detached: "awaited" as const, ...presenceUntilFirstWord(now, settings) }),
  };
}

/**
 * The same request again: the same place, and its caller is there. A higher attempt of its run is
 * served by this generation, too.
 */
function repeat(
  view: ProfileView,
  { request, runAttempt = 1 }: EnqueueCommand,
): ReturnType<Operation<EnqueueReply>["decide"]> {
  const { now, settings } = view;
  const { job } = view.job(request.uniqueId);
  if (job === null) throw new Error("only a known job is enqueued again");
  const { place, share, className } = job;
  const answer = { kind: "accepted", place, share, className, isNew: false } as const;
  if (job.state !== "queued" && job.state !== "claimed") return { answer };
  const isPresent = job.state === "queued";
  const isHigher = runAttempt > (job.attempt ?? 1);
  const after = {
    ...job,
    ...presenceAfterRepeat(job, now, settings),
    isPresent,
    ...(isHigher && { attempt: runAttempt }),
  };
  return { answer, change: { jobs: [{ before: job, after }], ...heard(view) } };
}

/** Where a job would come in a line that is shared; null: places are the order. */
export function previewOrderOperation(profileKey: string, request: JobRequest): Operation<string | null> {
  return {
    name: "preview_order",
    profileKey,
    reads: { flows: true },
    decide: ({ policy, head, now }) => {
      const place = now * 1_000;
      const share = beginShare(policy, head, request, place);
      return { answer: share === undefined ? null : orderOf({ place, share }) };
    },
  };
}

/** How the line is shared out once a job came in. Where it is no longer, places are the order. */
export function headWithShare({ head }: ProfileView, job: Job): Partial<Pick<ProfileHead, "virtualTime" | "flows">> {
  if (job.share === undefined) {
    return head.virtualTime === null ? {} : { virtualTime: null, flows: noFlows };
  }
  const { virtualTime, flows } = enterShare(head, flowOf(job), job.share);
  return { virtualTime, flows: flows ?? head.flows };
}

/** Somebody of the profile is heard: a silence of all is over. */
export function heard({ head, now }: ProfileView): {
  readonly head?: { readonly silence: ProfileView["head"]["silence"] };
} {
  const silence = endSilence(head.silence, now);
  return silence === head.silence ? {} : { head: { silence } };
}

function decideRefusal(
  view: ProfileView,
  { request, isFleetKnown, maxRunnersBefore, order }: EnqueueCommand,
): EnqueueReply | null {
  const { now, settings, capacity } = view;
  if (request.className !== undefined && !hasClass(view.policy, request.className)) return { kind: "class_unknown" };
  const limit = findTooSmallLimit(view.policy, request);
  if (limit !== undefined) return { kind: "above_limit", limit };
  const { runnerCount } = request;
  const targets = targetRunners(capacity.rows);
  if (runnerCount > targets) return isFleetKnown ? { kind: "unsatisfiable", targets } : { kind: "fleet_unknown" };
  const { available, servable } = capacity.totals(now);
  const before = sumAhead(order === undefined ? view.sizes.line : view.job(request.uniqueId).ahead, servable);
  const waiting = countJobs(view.sizes.line) + countJobs(view.sizes.aside);
  if (settings.maxQueueDepth !== null && waiting >= settings.maxQueueDepth) return { kind: "full" };
  if (maxRunnersBefore === undefined || isInForce(view.head.paused, now)) return null;
  const runnersBefore = before.runners + runnerCount - available;
  return runnersBefore > maxRunnersBefore ? { kind: "too_long", runnersBefore } : null;
}

function countJobs(counts: ProfileView["sizes"]["line"]): number {
  return counts.reduce((sum, { jobs }) => sum + jobs, 0);
}
