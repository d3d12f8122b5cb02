// Settle: outcomes of legs, and runners that evidence found, become the job's. settlement.ts says
// what follows from them.
import { describeChange } from "../history.ts";
import { timeOfThisClock } from "../job/age.ts";
import { isSameRequest, type Job, type Ticket } from "../job/job.ts";
import { namesOfSettlement, type Settlement, type SettleReply, settleJob } from "../job/settlement.ts";
import { isForgotten, isTicketExpired, readmitJob } from "../job/tombstone.ts";
import type { Decision, Operation, ProfileView } from "../profile.ts";

export interface SettleAnswer {
  readonly reply: SettleReply;
  readonly job: Job | null;
  /** `monitor/id` of runners that are reserved and that no job will use */
  readonly leaked: readonly string[];
}

export function settleOperation(ticket: Ticket, settlement: Settlement): Operation<SettleAnswer> {
  const { uniqueId, profileKey } = ticket;
  return {
    name: "settle",
    profileKey,
    reads: { jobs: [{ uniqueId, order: null }], front: true, flows: true },
    decide: (view) => decideSettlement(view, ticket, settlement),
  };
}

/** What a settlement does to the job of a ticket, of which the view has read. */
export function decideSettlement(view: ProfileView, ticket: Ticket, settlement: Settlement): Decision<SettleAnswer> {
  const { now, settings, capacity } = view;
  const { uniqueId } = ticket;
  const { job: read } = view.job(uniqueId);
  const known = read === null || isForgotten(read, now) ? null : read;
  const before = known ?? readmitJob(ticket, view.lostAt, now, settings);
  // who asks with so old a ticket hears that it is over: nothing may bring the job back after that
  const isExpired = known === null && isTicketExpired(ticket, now, settings);
  if (isExpired || !isSameJob(before, ticket)) {
    return { answer: { reply: { kind: "lost" }, job: null, leaked: namesOfSettlement(settlement) } };
  }
  const doOthersWait = view.front.some((other) => other.uniqueId !== uniqueId);
  const timed = withTimes(settlement, view);
  const { job, takes, reply, leaked } = settleJob(before, capacity.rows, timed, now, settings, doOthersWait);
  const isRefused = settlement.legs.some(({ state }) => state === "refused");
  return {
    answer: { reply, job, leaked },
    change: {
      jobs: [{ before: read, after: job }],
      takes,
      history: job.state === known?.state ? [] : [describeChange(known, job, false, null, now)],
      wake: [uniqueId],
      makesRoom: true,
      // a monitor that refused has nothing to give: others counted on it
      raisesRoom: isRefused || settlement.legs.some((leg) => leg.state === "taken" && isShort(leg, before)),
    },
  };
}

/** A settlement may be older than the clock by which it is read. */
function withTimes(settlement: Settlement, { clockSince, now }: ProfileView): Settlement {
  const { claimedAt, found } = settlement;
  return {
    ...settlement,
    claimedAt: timeOfThisClock(claimedAt, clockSince, now),
    found: found.map((runner) => ({ ...runner, since: timeOfThisClock(runner.since, clockSince, now) })),
  };
}

/** A settlement belongs to the job of its ticket, and to no later one of the same id. */
function isSameJob(job: Job, ticket: Ticket): boolean {
  return job.place === ticket.place || (isSameRequest(job, ticket) && ticket.place > (job.endedPlace ?? 0));
}

/** Fewer runners came than were asked for: the monitor is empty. */
function isShort(leg: { readonly monitor: string; readonly runners: readonly unknown[] }, job: Job): boolean {
  const asked = job.claim?.legs.find(({ monitor }) => monitor === leg.monitor)?.runners ?? 0;
  return leg.runners.length < asked;
}
