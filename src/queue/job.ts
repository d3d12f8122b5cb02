// A job and the states of its life, as both stores keep it and as every rule reads it.
//
//   queued ---> claimed ---> taken
//     ^  |        |  \-----> failed        MAX_ATTEMPTS refusals, nothing in hand
//     |  |        |
//     |  \--------+--------> cancelled     its owner or an operator gave the place up
//     |   \------------------> abandoned   no poll for ABANDON_AFTER
//     \-----------/                        refused, or only a part was taken: same place as before
//
// The four states on the right are final. They stay as tombstones, so that "over" and "lost by the store" differ.
// While a job is claimed, its claim says which monitors were asked (its legs). The finished claim stays on the job
// until the next one replaces it: a settlement that arrives twice is recognised by it.
import { z } from "zod";

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

/** What a caller asks for. Two requests are the same job if and only if all five are equal. */
export interface JobRequest {
  readonly uniqueId: string;
  readonly profileKey: string;
  readonly runnerCount: number;
  readonly qualifiedRepo: string;
  readonly runId: string;
}

/** What a ticket says: the request, and the job's place in line. Places are microseconds since 1970, unique per profile. */
export interface Ticket extends JobRequest {
  readonly place: number;
}

/** The ticket of a job that a store shows. */
export function ticketOf(
  profileKey: string,
  { uniqueId, job }: { readonly uniqueId: string; readonly job: Job },
): Ticket {
  const { place, count, repo, run } = job;
  return { uniqueId, profileKey, runnerCount: count, qualifiedRepo: repo, runId: run, place };
}

/** Milliseconds since 1970 at which the job took its place. */
export function enqueuedAt(place: number): number {
  return Math.floor(place / 1000);
}

/** A runner in hand: reserved at a monitor for one job. `body` is its JSON text, as checked and written by us. */
export const heldRunnerSchema = z.object({ monitor: z.string(), id: z.string(), body: z.string() });
export type HeldRunner = z.infer<typeof heldRunnerSchema>;

/** Lua writes an empty list as `{}`; both mean "none". */
const listOf = <T extends z.ZodType>(item: T) =>
  z.union([
    z.array(item),
    z
      .object({})
      .strict()
      .transform((): z.output<T>[] => []),
  ]);

const legSchema = z.object({
  monitor: z.string(),
  /** how many runners this monitor was asked for */
  runners: z.number().int().positive(),
  state: z.enum(["pending", "taken", "refused", "unknown"]),
  /** when the monitor can no longer be working on our request (store clock, ms): evidence asked for later counts */
  evidenceAfter: z.number(),
  /** when evidence is no longer waited for: by then the monitor destroyed an unused runner by itself */
  holdUntil: z.number(),
  /** refused before it left this house: nobody is to blame */
  unsent: z.boolean().optional(),
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
  state: z.enum(jobStates),
  /** text, because Lua's JSON writes numbers with 14 digits and a place has 16 */
  place: z.string().transform(Number).pipe(z.number().int().positive()),
  count: z.number().int().positive(),
  repo: z.string(),
  run: z.string(),
  /** last poll written down; polls within TOUCH_INTERVAL of it are not */
  touchedAt: z.number(),
  /** counted among the present jobs of its line */
  awake: z.boolean(),
  awakeUntil: z.number(),
  abandonAt: z.number(),
  /** the held request that last declared its presence */
  holder: z.string().optional(),
  attempts: z.number().int(),
  refusals: z.number().int(),
  claim: claimSchema.optional(),
  /** monitors that may have reserved something for this job, and when the claim was made that last asked them */
  asked: z.record(z.string(), z.number()).optional(),
  /** runners in hand, each with when it was reserved at the earliest */
  held: listOf(heldRunnerSchema.extend({ since: z.number() })).optional(),
  /** `monitor/id` of runners that were let go or given out: evidence must not find them again */
  known: listOf(z.string()).optional(),
  answer: z.string().optional(),
  answerUntil: z.number().optional(),
  endedAt: z.number().optional(),
  goneAt: z.number().optional(),
  /** the store epoch (its `since`) for which evidence showed that nothing unknown is reserved for this job */
  clearedFor: z.number().optional(),
});
export type Job = z.infer<typeof jobSchema>;

/** How many runners the job still needs. */
export function neededRunners(job: Pick<Job, "count" | "held">): number {
  return job.count - (job.held?.length ?? 0);
}

/** When the first runner in hand was reserved at the earliest; infinity with empty hands. */
export function heldSince(job: Pick<Job, "held">): number {
  return Math.min(...(job.held ?? []).map(({ since }) => since));
}

/** Whether a leg still waits for its outcome. */
export function isOpen(leg: Leg): boolean {
  return leg.state === "pending" || leg.state === "unknown";
}

/** Whether two requests are the same job; GitHub does not regard the case of a repository. */
export function isSameRequest(a: JobRequest, b: JobRequest): boolean {
  return (
    a.uniqueId === b.uniqueId &&
    a.profileKey === b.profileKey &&
    a.runnerCount === b.runnerCount &&
    a.qualifiedRepo.toLowerCase() === b.qualifiedRepo.toLowerCase() &&
    a.runId === b.runId
  );
}
