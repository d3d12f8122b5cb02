// A job and the states of its life, as stores keep it and as every rule reads it.
//
//   queued ---> claimed ---> taken
//     ^  |        |  \-----> failed        MAX_ATTEMPTS refusals, nothing in hand
//     |  |        |
//     |  \--------+--------> cancelled     its owner or an operator gave the place up
//     |   \------------------> abandoned   no poll for ABANDON_AFTER
//     \-----------/                        refused, or only a part was taken: same place as before
//
// The four states on the right are final. They stay as tombstones, so that "over" and "lost by the
// store" differ. While a job is claimed, its claim says which monitors were asked (its legs). The
// finished claim stays on the job until the next one replaces it: a settlement that arrives twice
// is recognised by it.
import { z } from "zod";
import { heldBySchema } from "../line/limit.ts";
import { type Share, shareSchema } from "../line/shares.ts";
import { githubWordSchema } from "./github-word.ts";
import { startSchema } from "./start.ts";
import { trySchema } from "./why/tries.ts";
import { waitSchema } from "./why/waits.ts";

export const jobStates = ["queued", "claimed", "taken", "failed", "abandoned", "cancelled"] as const;
export type JobState = (typeof jobStates)[number];

/** The moves that a job may make; docs/states.md is checked against it. */
export const transitions: Readonly<Record<JobState, readonly JobState[]>> = {
  queued: ["claimed", "taken", "abandoned", "cancelled"],
  claimed: ["queued", "taken", "failed", "cancelled"],
  taken: [],
  failed: [],
  abandoned: [],
  cancelled: [],
};

/** Whether a job in this state is over for good. */
export function isOver(state: JobState): boolean {
  return transitions[state].length === 0;
}

/** What a caller asks for. Two requests are the same job if and only if all of it is equal. */
export interface JobRequest {
  readonly uniqueId: string;
  readonly profileKey: string;
  readonly runnerCount: number;
  readonly qualifiedRepo: string;
  readonly runId: string;
  /** the class of the policy that the job belongs to; undefined: none */
  readonly className?: string | undefined;
}

/**
 * What a ticket says: the request, and the job's place in line. Places are microseconds since 1970,
 * unique per profile.
 */
export interface Ticket extends JobRequest {
  readonly place: number;
  /** its part of a line that is shared; absent: its place is its order */
  readonly share?: Share | undefined;
  /** when an operator put it to the front, ms */
  readonly expeditedAt?: number | undefined;
}

/**
 * A runner in hand: reserved at a monitor for one job. `body` is its JSON text, as checked and
 * written by us.
 */
export const heldRunnerSchema = z.object({ monitor: z.string(), id: z.string(), body: z.string() });
export type HeldRunner = z.infer<typeof heldRunnerSchema>;

const legSchema = z.object({
  monitor: z.string(),
  /** how many runners this monitor was asked for */
  runners: z.number().int().positive(),
  state: z.enum(["offered", "pending", "taken", "refused", "unknown"]),
  /**
   * when the monitor can no longer be working on our request (store clock, ms): evidence asked for
   * later counts
   */
  evidenceAfter: z.number(),
  /**
   * when evidence is no longer waited for: by then the monitor destroyed an unused runner by itself
   */
  holdUntil: z.number(),
  /** whether this leg's refusal counts against the job; absent while it is not refused */
  isCharged: z.boolean().optional(),
  /** what its monitor said, while its outcome is unknown */
  words: z.string().optional(),
  /** the monitor fetches it: until when it may be accepted, and since when it is */
  offeredUntil: z.number().optional(),
  acceptedAt: z.number().optional(),
});
export type Leg = z.infer<typeof legSchema>;

const claimSchema = z.object({
  /** unique over all jobs, attempts and instances: the fence of every settlement */
  id: z.string(),
  /** the instance that works on it, and until when it is believed alive */
  owner: z.string(),
  leaseUntil: z.number(),
  at: z.number(),
  /** runners that the job lacked when it claimed */
  needed: z.number().int().positive(),
  legs: z.array(legSchema),
});
export type Claim = z.infer<typeof claimSchema>;

export const jobSchema = z.object({
  uniqueId: z.string(),
  profileKey: z.string(),
  runnerCount: z.number().int().positive(),
  qualifiedRepo: z.string(),
  runId: z.string(),
  className: z.string().optional(),
  share: shareSchema.optional(),
  expeditedAt: z.number().optional(),
  place: z.number().int().positive(),
  state: z.enum(jobStates),
  /**
   * the last poll that was written down; polls within TOUCH_INTERVAL of it are not. 0: none so far
   */
  heardAt: z.number(),
  /** counted among the present jobs of its line */
  isPresent: z.boolean(),
  presentUntil: z.number(),
  abandonAt: z.number(),
  /** the held request that last declared its presence */
  holder: z.string().optional(),
  /** until when that one stays open, unless it is hung up */
  heldUntil: z.number().optional(),
  /** since when the clock ran by which its times are written; absent: it was never set */
  clockSince: z.number().optional(),
  /**
   * it stands aside until then, and holds nobody back: runners that were let go still carry its
   * label, every monitor refused it, or a limit is reached
   */
  asideUntil: z.number().optional(),
  /** where it stands aside because of a limit of the policy: which one */
  limit: heldBySchema.optional(),
  attempts: z.number().int(),
  /** refusals that count against the job */
  refusals: z.number().int(),
  /** refusals in a row that count against nobody but the monitors */
  unchargedRefusals: z.number().int().optional(),
  /**
   * its last permitted refusal was let pass once: the next job that is tried shows who is to blame
   */
  isSpared: z.boolean().optional(),
  claim: claimSchema.optional(),
  /**
   * monitors that may have reserved something for this job, and when the claim was made that last
   * asked them
   */
  asked: z.record(z.string(), z.number()).optional(),
  /** runners in hand, each with when it was reserved at the earliest */
  runnersInHand: z.array(heldRunnerSchema.extend({ since: z.number() })).optional(),
  /** `monitor/id` of runners that were let go or given out: evidence must not find them again */
  spentRunners: z.array(z.string()).optional(),
  answer: z.string().optional(),
  answerUntil: z.number().optional(),
  endedAt: z.number().optional(),
  /** when its tombstone is forgotten */
  forgetAt: z.number().optional(),
  /**
   * the store epoch (its `since`) for which evidence showed that nothing unknown is reserved for
   * this job
   */
  clearedFor: z.number().optional(),
  /** the place of the job of this id that ended before: tickets up to it are of before */
  endedPlace: z.number().optional(),
  /** why it waited so far, and what came of its legs */
  waits: z.array(waitSchema).optional(),
  tries: z.array(trySchema).optional(),
  /** which trace its enqueue was part of, as W3C writes it; kept where traces are on */
  traceParent: z.string().optional(),
  /** what GitHub calls the runners that it got, as far as their monitors said */
  runnerNames: z.array(z.string()).optional(),
  /** how often this unique_id was served, this time included; absent: 1 */
  generation: z.number().int().optional(),
  /** what the ticket of the first generation says, where this is a later one: it stays good */
  first: z.object({ place: z.number(), runnerCount: z.number() }).optional(),
  /**
   * nobody polls, its presence is GitHub's word: "awaited" until GitHub's first one, then "queued"
   */
  detached: z.enum(["awaited", "queued"]).optional(),
  /**
   * it needs one runner for each job of GitHub's that waits, and no number that somebody enqueued
   */
  isCounted: z.boolean().optional(),
  /** the highest attempt of its run that was heard of up to its reservation; absent: 1 */
  attempt: z.number().int().optional(),
  /** what GitHub said of the jobs that name it */
  word: githubWordSchema.optional(),
  /** what became of its reservation, where that is watched */
  start: startSchema.optional(),
  /**
   * how often it was served again because a start was lost, and the monitors that lost the last
   * one: others come first
   */
  restarts: z.number().int().optional(),
  avoided: z.array(z.string()).optional(),
});
export type Job = z.infer<typeof jobSchema>;

/** The ticket of a job. */
export function ticketOf(job: Ticket): Ticket {
  const { uniqueId, profileKey, runnerCount, qualifiedRepo, runId, className, place, share, expeditedAt } = job;
  return {
    uniqueId,
    profileKey,
    runnerCount,
    qualifiedRepo,
    runId,
    ...(className !== undefined && { className }),
    place,
    ...(share !== undefined && { share }),
    ...(expeditedAt !== undefined && { expeditedAt }),
  };
}

/** Which generation of its unique_id a job is. */
export function generationOf({ generation }: Pick<Job, "generation">): number {
  return generation ?? 1;
}

/**
 * What was asked for when the unique_id was enqueued first. A later generation may need fewer
 * runners.
 */
export function firstRequest(job: Job): JobRequest {
  return { ...job, runnerCount: job.first?.runnerCount ?? job.runnerCount };
}

/** Whether a ticket is of this job: of this generation, or of the first one. */
export function isTicketOf(job: Pick<Job, "place" | "first">, { place }: Pick<Ticket, "place">): boolean {
  return place === job.place || place === job.first?.place;
}

/** Milliseconds since 1970 at which the job took its place. */
export function enqueuedAt(place: number): number {
  return Math.floor(place / 1000);
}

/** How many runners the job still needs. */
export function neededRunners(job: Pick<Job, "runnerCount" | "runnersInHand">): number {
  return job.runnerCount - (job.runnersInHand?.length ?? 0);
}

/** When the first runner in hand was reserved at the earliest; infinity with empty hands. */
export function heldSince(job: Pick<Job, "runnersInHand">): number {
  return Math.min(...(job.runnersInHand ?? []).map(({ since }) => since));
}

/** Whether a leg still waits for its outcome. */
export function isOpen(leg: Pick<Leg, "state">): boolean {
  return leg.state === "offered" || leg.state === "pending" || leg.state === "unknown";
}

/** Whether a leg's monitor fetches it: evidence of it is what the monitor lists, and nobody reads a dashboard. */
export function isPulled(leg: Pick<Leg, "offeredUntil">): boolean {
  return leg.offeredUntil !== undefined;
}

/** Whether a claim of this job still waits for an outcome, also after the job is over. */
export function hasOpenLeg(job: Pick<Job, "claim">): boolean {
  return job.claim?.legs.some(isOpen) ?? false;
}

/** Whether two requests are the same job; GitHub does not regard the case of a repository. */
export function isSameRequest(a: JobRequest, b: JobRequest): boolean {
  return (
    a.uniqueId === b.uniqueId &&
    a.profileKey === b.profileKey &&
    a.runnerCount === b.runnerCount &&
    a.qualifiedRepo.toLowerCase() === b.qualifiedRepo.toLowerCase() &&
    a.runId === b.runId &&
    a.className === b.className
  );
}
