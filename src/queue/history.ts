// What happened in a profile: every change of a job's state and every act of an operator, newest
// last, in a list that forgets its beginning. An entry is written in the same step as the change
// itself.
import { z } from "zod";
import type { ActRequest } from "./acts.ts";
import { enqueuedAt, type Job } from "./job/job.ts";

/** How many entries a profile's history keeps (Redis may keep some more). */
export const historyLength = 2_000;

export const happenings = [
  "queued",
  /** brought back by its ticket: the store had lost it */
  "readmitted",
  "claimed",
  "taken",
  "failed",
  "abandoned",
  "cancelled",
  "expedited",
  "drained",
  "resumed",
  "paused",
  "unpaused",
] as const;
export type Happening = (typeof happenings)[number];

export const historyEntrySchema = z.object({
  at: z.number(),
  what: z.enum(happenings),
  id: z.string().optional(),
  repo: z.string().optional(),
  run: z.string().optional(),
  /** of the policy; absent: none */
  class: z.string().optional(),
  count: z.number().optional(),
  attempts: z.number().optional(),
  /** of a job that was served before: how often, this time included */
  generation: z.number().optional(),
  /** since it was enqueued, ms */
  waitedMs: z.number().optional(),
  /** of a claim: whom it asks. Of an act: at whose runners it is aimed */
  monitors: z.array(z.string()).optional(),
  /** of a taken job: `monitor/id` each */
  runners: z.array(z.string()).optional(),
  /** what GitHub calls them */
  names: z.array(z.string()).optional(),
  by: z.string().optional(),
  note: z.string().optional(),
  /** of an act: when it ends by itself */
  until: z.number().optional(),
});
export type HistoryEntry = z.infer<typeof historyEntrySchema>;

/**
 * The entry for a job that is in another state than it was.
 * @param by the operator who did it, if one did
 */
export function describeChange(
  before: Job | null,
  job: Job,
  isEnqueued: boolean,
  by: string | null,
  now: number,
): HistoryEntry {
  const isReadmitted = before === null && !isEnqueued && job.state === "queued";
  return {
    at: now,
    what: isReadmitted ? "readmitted" : job.state,
    id: job.uniqueId,
    repo: job.qualifiedRepo,
    run: job.runId,
    ...(job.className !== undefined && { class: job.className }),
    count: job.runnerCount,
    attempts: job.attempts,
    ...(job.generation !== undefined && { generation: job.generation }),
    waitedMs: Math.max(0, now - enqueuedAt(job.place)),
    ...(job.state === "claimed" &&
      job.claim !== undefined && { monitors: job.claim.legs.map(({ monitor }) => monitor) }),
    ...(by !== null && { by }),
    // what was given out is named last
    ...(job.state === "taken" && { runners: (job.spentRunners ?? []).slice(-job.runnerCount) }),
    ...(job.runnerNames !== undefined && { names: job.runnerNames }),
  };
}

/** The entry for an operator's act. */
export function describeAct(
  { kind, by, note, until }: ActRequest,
  begun: Happening,
  ended: Happening,
  monitors: readonly string[],
  now: number,
): HistoryEntry {
  const isBegun = kind === "begin";
  return {
    at: now,
    what: isBegun ? begun : ended,
    by,
    note,
    ...(isBegun && until !== null && { until }),
    ...(monitors.length > 0 && { monitors: [...monitors] }),
  };
}
