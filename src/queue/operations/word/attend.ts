// Attend: of these jobs, which are detached, so that nobody polls for them but us; and those among
// them that have waited for longer than DETACHED_MAX_WAIT leave the line.
import { describeChange } from "../../history.ts";
import { enqueuedAt, type Job, type Ticket, ticketOf } from "../../job/job.ts";
import { isPresentByWord } from "../../job/presence.ts";
import { releaseRunners } from "../../job/settlement.ts";
import { endJob } from "../../job/tombstone.ts";
import type { Operation } from "../../profile.ts";

export interface AttendReply {
  /** to be polled in their name */
  readonly polls: readonly Ticket[];
  /** those that waited for too long */
  readonly ended: readonly Job[];
  readonly leaked: readonly string[];
}

export function attendOperation(profileKey: string, uniqueIds: readonly string[]): Operation<AttendReply> {
  return {
    name: "attend",
    profileKey,
    reads: { jobs: uniqueIds.map((uniqueId) => ({ uniqueId, order: null })), front: true, flows: true },
    decide: ({ job: read, now, settings }) => {
      const waiting = uniqueIds.flatMap((uniqueId) => {
        const { job } = read(uniqueId);
        return job !== null && job.state === "queued" && job.detached !== undefined ? [job] : [];
      });
      const isTooLate = (job: Job) => enqueuedAt(job.place) + settings.detachedMaxWaitMs <= now;
      const ended = waiting
        .filter((job) => isPresentByWord(job) && isTooLate(job))
        .map((before) => {
          const released = releaseRunners(before, now, settings);
          return {
            before,
            after: endJob({ ...released.job, state: "abandoned" }, now, settings),
            leaked: released.leaked,
          };
        });
      const answer: AttendReply = {
        polls: waiting.filter((job) => !isTooLate(job)).map(ticketOf),
        ended: ended.map(({ after }) => after),
        leaked: ended.flatMap(({ leaked }) => leaked),
      };
      if (ended.length === 0) return { answer };
      const history = ended.map(({ before, after }) => describeChange(before, after, false, null, now));
      return {
        answer,
        change: { jobs: ended, history, wake: ended.map(({ after }) => after.uniqueId), makesRoom: true },
      };
    },
  };
}
