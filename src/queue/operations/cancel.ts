// Cancel: a place is given up at once. With a ticket also for a job that the store lost, so that no
// late poll brings it back.
import type { OperatorWords } from "../acts.ts";
import { describeChange } from "../history.ts";
import { isOver, isSameRequest, isTicketOf, type Job, type JobState, type Ticket } from "../job/job.ts";
import { releaseRunners } from "../job/settlement.ts";
import { endJob, isForgotten, readmitJob } from "../job/tombstone.ts";
import type { Operation } from "../profile.ts";

export type CancelReply =
  | { readonly kind: "cancelled"; readonly job: Job; readonly leaked: readonly string[] }
  | { readonly kind: "over"; readonly state: JobState }
  | { readonly kind: "unknown" };

/** @param canceller the job's owner shows its ticket */
export function cancelOperation(
  profileKey: string,
  uniqueId: string,
  canceller: Ticket | OperatorWords,
): Operation<CancelReply> {
  const ticket = "by" in canceller ? null : canceller;
  return {
    name: "cancel",
    profileKey,
    reads: { jobs: [{ uniqueId, order: null }], front: true, flows: true },
    decide: ({ job: read, lostAt, now, settings }) => {
      const { job: stored } = read(uniqueId);
      const known = stored === null || isForgotten(stored, now) ? null : stored;
      const job = known ?? (ticket === null ? null : readmitJob(ticket, lostAt, now, settings));
      if (job === null) return { answer: { kind: "unknown" } };
      const isTheirs = ticket === null || isTicketOf(job, ticket) || isSameRequest(job, ticket);
      if (!isTheirs) return { answer: { kind: "unknown" } };
      if (isOver(job.state)) return { answer: { kind: "over", state: job.state } };
      const released = releaseRunners(job, now, settings);
      const after = endJob({ ...released.job, state: "cancelled" }, now, settings);
      return {
        answer: { kind: "cancelled", job: after, leaked: released.leaked },
        change: {
          jobs: [{ before: stored, after }],
          history: [{ ...describeChange(known, after, false, null, now), ...("by" in canceller && canceller) }],
          wake: [uniqueId],
          makesRoom: true,
        },
      };
    },
  };
}
