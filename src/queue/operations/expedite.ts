// Expedite: an operator puts one job to the front of its profile's line. Several that are expedited
// stand in the order in which that was done. Its share is charged all the same.

import type { OperatorWords } from "../acts.ts";
import { isOver, type Job, type JobState } from "../job/job.ts";
import { isForgotten } from "../job/tombstone.ts";
import type { Operation } from "../profile.ts";

export type ExpediteReply =
  /** `isNew`: by this; else it was at the front already */
  | { readonly kind: "expedited"; readonly job: Job; readonly isNew: boolean }
  | { readonly kind: "over"; readonly state: JobState }
  | { readonly kind: "unknown" };

export function expediteOperation(
  profileKey: string,
  uniqueId: string,
  { by, note }: OperatorWords,
): Operation<ExpediteReply> {
  return {
    name: "expedite",
    profileKey,
    reads: { jobs: [{ uniqueId, order: null }], front: true },
    decide: ({ job: read, now }) => {
      const { job } = read(uniqueId);
      if (job === null || isForgotten(job, now)) return { answer: { kind: "unknown" } };
      if (isOver(job.state)) return { answer: { kind: "over", state: job.state } };
      if (job.expeditedAt !== undefined) return { answer: { kind: "expedited", job, isNew: false } };
      const after = { ...job, expeditedAt: now };
      return {
        answer: { kind: "expedited", job: after, isNew: true },
        change: {
          jobs: [{ before: job, after }],
          history: [{ at: now, what: "expedited", id: uniqueId, repo: job.qualifiedRepo, run: job.runId, by, note }],
          wake: [uniqueId],
          makesRoom: true,
          // others counted on standing before it
          raisesRoom: true,
        },
      };
    },
  };
}
