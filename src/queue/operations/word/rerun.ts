// Rerun: somebody says what GitHub's word would: a job that had its runners is re-run, and needs
// them again.
import type { OperatorWords } from "../../acts.ts";
import { describeChange } from "../../history.ts";
import { beginGeneration } from "../../job/generation.ts";
import { firstRequest, hasOpenLeg, isOver, isSameRequest, isTicketOf, type Job, type Ticket } from "../../job/job.ts";
import { isForgotten } from "../../job/tombstone.ts";
import { beginShare } from "../../line/shares.ts";
import type { Operation } from "../../profile.ts";

export type RerunReply =
  /** `isNew`: it came in line by this; else it was there already */
  | { readonly kind: "in_line"; readonly job: Job; readonly isNew: boolean }
  /** it never had its runners: enqueue is for that */
  | { readonly kind: "not_served" }
  /** a monitor may still be at work for it */
  | { readonly kind: "settling" }
  | { readonly kind: "unknown" | "not_theirs" };

/** @param who the job's owner shows its ticket */
export function rerunOperation(
  profileKey: string,
  uniqueId: string,
  who: Ticket | OperatorWords,
): Operation<RerunReply> {
  const ticket = "by" in who ? null : who;
  return {
    name: "rerun",
    profileKey,
    reads: { jobs: [{ uniqueId, order: null }], places: 1, front: true, flows: true },
    decide: (view) => {
      const { job: read, lostAt, now, place, settings } = view;
      const { job } = read(uniqueId);
      if (job === null || isForgotten(job, now)) return { answer: { kind: "unknown" } };
      const isTheirs = ticket === null || isTicketOf(job, ticket) || isSameRequest(firstRequest(job), ticket);
      if (!isTheirs) return { answer: { kind: "not_theirs" } };
      if (!isOver(job.state)) return { answer: { kind: "in_line", job, isNew: false } };
      if (hasOpenLeg(job)) return { answer: { kind: "settling" } };
      if (job.state !== "taken" && job.first === undefined) return { answer: { kind: "not_served" } };
      const { runnerCount } = firstRequest(job);
      const next = {
        place,
        share: beginShare(view.policy, view.head, { ...job, runnerCount }, place),
        runnerCount,
        isCounted: false,
        attempt: (job.attempt ?? 1) + 1,
        detached: "queued",
      } as const;
      const after = beginGeneration(job, next, lostAt, now, settings);
      return {
        answer: { kind: "in_line", job: after, isNew: true },
        change: {
          jobs: [{ before: job, after }],
          history: [{ ...describeChange(job, after, true, null, now), ...("by" in who && who) }],
          wake: [uniqueId],
          makesRoom: true,
        },
      };
    },
  };
}
