// Inspect and view: how a job, or a whole profile, stands. They change nothing, and are no
// presence.
import { type Act, isInForce } from "../acts.ts";
import type { Capacity } from "../fleet/capacity.ts";
import type { Sample } from "../fleet/chart.ts";
import { type Estimate, estimateWait } from "../fleet/freed-rate.ts";
import { isOver, type Job } from "../job/job.ts";
import { isPresentByWord } from "../job/presence.ts";
import { isForgotten } from "../job/tombstone.ts";
import { type Ahead, orderOf, sumAhead } from "../line/line.ts";
import { explainJob, type Outlook } from "../line/outlook.ts";
import { claimableJobs } from "../line/turn.ts";
import type { Operation } from "../profile.ts";

export type InspectReply =
  | {
      readonly kind: "job";
      readonly job: Job;
      /** null: it does not wait */
      readonly position: number | null;
      readonly outlook: Outlook | null;
      /** present jobs ahead that can be served; null: it is over */
      readonly ahead: Ahead | null;
      readonly now: number;
    }
  /** where it stands was not asked for */
  | { readonly kind: "unplaced"; readonly job: Job; readonly now: number }
  | { readonly kind: "unknown" };

/** @param order the job's order where it is known, else null: then the reply may be "unplaced" */
export function inspectOperation(profileKey: string, uniqueId: string, order: string | null): Operation<InspectReply> {
  return {
    name: "inspect",
    profileKey,
    reads: { jobs: [{ uniqueId, order }] },
    decide: (view) => {
      const { now, capacity } = view;
      const { job, ahead: inLine, asideAhead } = view.job(uniqueId);
      if (job === null || isForgotten(job, now)) return { answer: { kind: "unknown" } };
      if (isOver(job.state)) return { answer: { kind: "job", job, position: null, outlook: null, ahead: null, now } };
      if (order === null) return { answer: { kind: "unplaced", job, now } };
      // who stands aside with others stands behind those of them who came before, as a poll says it
      const ahead = job.limit === undefined ? inLine : [...inLine, ...asideAhead];
      const rank = sumAhead(ahead, capacity.totals(now).servable);
      const outlook = explainJob(job, rank.runners, view);
      const position = job.state === "queued" ? rank.jobs + 1 : null;
      return { answer: { kind: "job", job, position, outlook, ahead: rank, now } };
    },
  };
}

/** A profile as operators see it. */
export interface ProfileOverview {
  readonly now: number;
  readonly lostAt: number;
  readonly paused: Act | null;
  readonly capacity: Capacity;
  /** jobs that wait, present or not, and the runners that they need */
  readonly waitingJobs: number;
  readonly wantedRunners: number;
  /** place of the job that has waited longest */
  readonly oldestPlace: number | null;
  /**
   * the first live jobs in order of place, claimed ones included, each with its position and why it
   * waits
   */
  readonly jobs: readonly ListedJob[];
  readonly chart: readonly Sample[];
}

export interface ListedJob {
  readonly job: Job;
  /** 1 = next; null while it is claimed */
  readonly position: number | null;
  readonly reason: Outlook["reason"];
  /** how long until its turn; null: unknown, or it waits for something else */
  readonly estimate: Estimate | null;
}

/** @param limit how many jobs are listed */
export function overviewOperation(profileKey: string, limit: number): Operation<ProfileOverview> {
  return {
    name: "overview",
    profileKey,
    reads: { sizes: true, figures: true, listed: limit },
    decide: (view) => {
      const { now, lostAt, head, capacity, sizes } = view;
      const waiting = sumAhead([...sizes.line, ...sizes.aside], Number.POSITIVE_INFINITY);
      const inOrder = view.listed.toSorted(compareOrder);
      const oldest = inOrder.find(({ state }) => state === "queued");
      const { servable } = capacity.totals(now);
      let [jobsAhead, rank] = [0, 0];
      const jobs = inOrder.slice(0, limit).map((job): ListedJob => {
        const { reason, runnersBefore } = explainJob(job, rank, view);
        if (job.state === "claimed") return { job, position: null, reason, estimate: null };
        const position = jobsAhead + 1;
        const need = job.runnerCount - (job.runnersInHand?.length ?? 0);
        if (isInLine(reason) && need <= servable) [jobsAhead, rank] = [jobsAhead + 1, rank + need];
        return { job, position, reason, estimate: estimateWait(head.freedRate, runnersBefore) };
      });
      return {
        answer: {
          now,
          lostAt,
          paused: isInForce(head.paused, now) ? head.paused : null,
          capacity,
          waitingJobs: waiting.jobs,
          wantedRunners: waiting.runners,
          oldestPlace: oldest?.place ?? null,
          jobs,
          chart: head.chart,
        },
      };
    },
  };
}

function isInLine(reason: Outlook["reason"]): boolean {
  return !["asleep", "reconciling", "stands_aside", "repository_limit"].includes(reason);
}

/**
 * The first live jobs in order of place, for whom news is worth asking for; those that only
 * GitHub's word keeps in line come first.
 */
export function liveJobsOperation(profileKey: string, limit: number): Operation<readonly Job[]> {
  const rank = (job: Job) => (isPresentByWord(job) ? 0 : 1);
  return {
    name: "live_jobs",
    profileKey,
    reads: { listed: limit },
    decide: ({ listed }) => ({
      answer: listed.toSorted((a, b) => rank(a) - rank(b) || compareOrder(a, b)).slice(0, limit),
    }),
  };
}

export interface ClaimableReply {
  readonly uniqueIds: readonly string[];
  /** monitors that fetch, and have an offer to hear of */
  readonly offeredTo: readonly string[];
  /** since when the store knows everything; where that changed, all who wait have to look again */
  readonly lostAt: number;
}

/** Whose turn it is, for waiters whose wake may have been lost. */
export function claimableOperation(profileKey: string): Operation<ClaimableReply> {
  return {
    name: "claimable",
    profileKey,
    reads: { front: true },
    decide: ({ head, now, lostAt, capacity, front, settings }) => ({
      answer: {
        lostAt,
        uniqueIds: isInForce(head.paused, now) ? [] : claimableJobs(capacity, front, now, settings),
        offeredTo: [...capacity.rows].flatMap(([monitor, { pulled }]) =>
          pulled?.some(({ state, until }) => state === "offered" && until > now) ? [monitor] : [],
        ),
      },
    }),
  };
}

/** As they stand in line. */
function compareOrder(a: Job, b: Job): number {
  return `${orderOf(a)}:${a.uniqueId}` < `${orderOf(b)}:${b.uniqueId}` ? -1 : 1;
}
