// Poll: a job asks whether it is its turn. It claims, or waits and says why. A waiting poll changes nothing, but that its
// presence is written down now and then.
import { isInForce } from "../acts.ts";
import { favourOf } from "../fleet/monitor-order.ts";
import { describeChange } from "../history.ts";
import { isSuspect, waitsForOthers } from "../job/after-loss.ts";
import { withClock } from "../job/age.ts";
import { reasonOfClaim } from "../job/claim.ts";
import { enqueuedAt, heldSince, type Job, neededRunners, type Ticket } from "../job/job.ts";
import { matchTicket, type TicketMatch } from "../job/match-ticket.ts";
import { deadlinesOf, type Hold, needsRecord, presenceAfterPoll, withAsideOfNow, withHolder } from "../job/presence.ts";
import { endJob, isAnswerGood, isForgotten, isTicketExpired, readmitJob } from "../job/tombstone.ts";
import { addWait, plainWait, type Wait } from "../job/why/waits.ts";
import { findBlamedMonitor } from "../line/blame.ts";
import { entryOf, orderOf, sumAhead } from "../line/line.ts";
import { decideRetryAfterSeconds, retryAfterHoldSeconds } from "../line/retry-after.ts";
import { keepsPlaces } from "../line/silence.ts";
import { decideTurn, type WaitReason } from "../line/turn.ts";
import { type Change, type Decision, type Operation, type ProfileView, withHead } from "../profile.ts";
import { claimFor } from "./claim-change.ts";
import { heard } from "./enqueue.ts";
import { decideSilence, maxAbsentLooks } from "./sweep.ts";

export interface PollCommand {
  readonly ticket: Ticket;
  /** the id of the claim, should this poll win one; unique per poll */
  readonly claimId: string;
  /** 0..999, a hash of the job */
  readonly spread: number;
  readonly hold: Hold;
  /** the id is booked for this job: needed where the store knows nothing of it */
  readonly isBooked: boolean;
  /** this poll came late before: whether all fell silent together is looked at with it */
  readonly isLate: boolean;
  /** the job stands elsewhere than its ticket says: those ahead of there are counted */
  readonly order?: string;
  /** when room was last seen here, on the store's clock, ms */
  readonly roomSeenAt: number;
}

export interface WaitReply {
  readonly kind: "wait";
  readonly reason: WaitReason;
  readonly position: number;
  readonly retryAfterSeconds: number;
  /** the store knew nothing of the job, and its ticket brought it back */
  readonly isReadmitted: boolean;
  /** runners that have to come free before its turn; null: that is not what it waits for */
  readonly runnersBefore: number | null;
  /** monitors that would serve it now, and that this instance does not know */
  readonly unknownMonitors?: readonly string[];
}

export type PollReply =
  | WaitReply
  | { readonly kind: "claimed"; readonly job: Job; readonly isReadmitted: boolean }
  | { readonly kind: "taken"; readonly answer: string }
  /** the store knows nothing of the job: its id has to be booked before it comes back */
  | { readonly kind: "unbooked" }
  /** it stands elsewhere than its ticket says: those ahead of there have to be counted */
  | { readonly kind: "moved"; readonly order: string }
  /** its time seems to be over: whether all fell silent together has to be looked at first */
  | { readonly kind: "late" }
  /** the store may have forgotten a claim of this job at `lostAt`: evidence first */
  | {
      readonly kind: "suspect";
      readonly job: Job;
      readonly lostAt: number;
      readonly now: number;
      readonly wait: WaitReply;
    }
  /** `isNew`: this very poll found that its time was over */
  | { readonly kind: "abandoned"; readonly isNew: boolean }
  | Extract<TicketMatch, { kind: "later_generation" }>
  | { readonly kind: "failed" | "cancelled" | "answer_expired" | "ticket_expired" | "superseded" };

export function pollOperation(command: PollCommand): Operation<PollReply> {
  const { ticket, isLate, order = orderOf(ticket) } = command;
  const others = isLate ? { due: true, sizes: true, absent: maxAbsentLooks, flows: true } : {};
  return {
    name: "poll",
    profileKey: ticket.profileKey,
    reads: { jobs: [{ uniqueId: ticket.uniqueId, order }], ...others },
    decide: (view) => decidePoll(command, view),
  };
}

function decidePoll(command: PollCommand, view: ProfileView): Decision<PollReply> {
  const { ticket } = command;
  const { now, settings } = view;
  const { job: known } = view.job(ticket.uniqueId);
  if (known === null || isForgotten(known, now)) {
    if (isTicketExpired(ticket, now, settings)) return { answer: { kind: "ticket_expired" } };
    if (!command.isBooked) return { answer: { kind: "unbooked" } };
    const readmitted = withClock(readmitJob(ticket, view.lostAt, now, settings), view.clockSince);
    return pollQueued(command, view, known, readmitted, true);
  }
  const matched = matchTicket(known, ticket);
  if (matched.kind !== "job") return { answer: matched };
  const job = withAsideOfNow(matched.job, now, settings);
  const over = replyWhenOver(job, now, settings.answerTtlMs);
  if (over !== null) return { answer: over };
  if (job.state === "claimed") return pollClaimed(command, view, job);
  if (job.expeditedAt !== undefined && command.order !== orderOf(job)) {
    return { answer: { kind: "moved", order: orderOf(job) } };
  }
  const isLate = deadlinesOf(job, view.renewedAt, settings).abandonAt <= now;
  if (isLate && !keepsPlaces(view.head.silence, now)) {
    if (!command.isLate) return { answer: { kind: "late" } };
    const silence = decideSilence(view);
    // no sweep has noticed yet, and this poll ends it
    if (keepsPlaces(silence, now)) {
      return pollQueued(command, withHead(view, { ...view.head, silence }), known, job, false);
    }
    const ended = endJob({ ...job, state: "abandoned" }, now, settings);
    const change = {
      jobs: [{ before: known, after: ended }],
      history: [describeChange(known, ended, false, null, now)],
    };
    return { answer: { kind: "abandoned", isNew: true }, change: { ...change, makesRoom: true } };
  }
  return pollQueued(command, view, known, job, false);
}

/** What a poll of a job hears that is over; null while it is not. */
function replyWhenOver(job: Job, now: number, answerTtlMs: number): PollReply | null {
  switch (job.state) {
    case "taken":
      return isAnswerGood(job, now, answerTtlMs)
        ? { kind: "taken", answer: job.answer ?? "null" }
        : { kind: "answer_expired" };
    case "abandoned":
      return { kind: "abandoned", isNew: false };
    case "failed":
    case "cancelled":
      return { kind: job.state };
    case "queued":
    case "claimed":
      return null;
  }
}

function pollClaimed({ claimId, hold }: PollCommand, view: ProfileView, job: Job): Decision<PollReply> {
  const { now, settings } = view;
  if (job.claim?.id === claimId) return { answer: { kind: "claimed", job, isReadmitted: false } };
  const wait = { position: 1, retryAfterSeconds: 1, isReadmitted: false, runnersBefore: null };
  const reason = reasonOfClaim(job, now);
  const answer = { kind: "wait", reason, ...wait } as const;
  if (!needsRecord({ ...job, isPresent: true }, now, settings, hold)) return { answer };
  const presence = { ...presenceAfterPoll(job, now, 1, settings, hold.holdMs), isPresent: false };
  const waits = addWait(job.waits, plainWait(reason), now - enqueuedAt(job.place));
  const after = { ...withHolder(job, hold, now), ...presence, waits };
  return { answer, change: { jobs: [{ before: job, after }], ...heard(view) } };
}

/** @param known as the store has it, or null; `job` is what it is by now */
function pollQueued(
  command: PollCommand,
  view: ProfileView,
  known: Job | null,
  job: Job,
  isReadmitted: boolean,
): Decision<PollReply> {
  const { now, settings, lostAt, capacity } = view;
  const isSuspected = isSuspect(job, lostAt);
  const isHeldTooLong = heldSince(job) + settings.holdTimeoutMs <= now;
  const isAside = job.asideUntil !== undefined && job.asideUntil > now;
  const isAsideCounted = waitsForOthers(job, lostAt, now, settings);
  const rank = rankOf(view, job, command.order ?? orderOf(command.ticket), isAsideCounted);
  const position = rank.jobs + 1;

  const decideWait = (): Pick<WaitReply, "reason" | "runnersBefore" | "unknownMonitors"> & {
    readonly claim?: Change & { readonly job: Job };
  } => {
    // the next sweep lets go of what was held too long, and says so
    if (isHeldTooLong || isSuspected) return { reason: "reconciling", runnersBefore: null };
    if (isInForce(view.head.paused, now)) return { reason: "profile_paused", runnersBefore: null };
    if (isAside) return { reason: job.unchargedRefusals ? "monitor_refuses" : "reconciling", runnersBefore: null };
    const needed = neededRunners(job);
    const turn = decideTurn(capacity, needed, rank.runners, now, settings, view.canReach, favourOf(view.policy, job));
    if (turn.kind === "wait") return turn;
    return {
      reason: "no_capacity",
      runnersBefore: null,
      claim: claimFor(command, view, known, job, turn.legs, rank.runners, isAsideCounted),
    };
  };
  const { claim, reason, runnersBefore, unknownMonitors } = decideWait();
  if (claim !== undefined) {
    const { job: claimed, ...change } = claim;
    return { answer: { kind: "claimed", job: claimed, isReadmitted }, change };
  }
  const isSoon = isHeldTooLong || reason === "monitors_busy";
  const quietForMs = now - Math.max(enqueuedAt(job.place), command.roomSeenAt);
  const usualSeconds = decideRetryAfterSeconds(
    position,
    command.spread,
    settings.retryAfterMs,
    settings.abandonAfterMs,
    quietForMs,
  );
  const isHeldOpen = command.hold.holder !== "";
  const retryAfterSeconds = isSoon ? 1 : isHeldOpen ? retryAfterHoldSeconds : usualSeconds;
  const wait: WaitReply = {
    kind: "wait",
    reason,
    position,
    retryAfterSeconds,
    isReadmitted,
    runnersBefore,
    ...(unknownMonitors !== undefined && { unknownMonitors }),
  };
  const explain = () => explainWait(view, job, rank, wait);
  const recorded = recordPoll(command, view, known, job, retryAfterSeconds, isReadmitted, explain);
  const answer: PollReply =
    isSuspected && !isHeldTooLong ? { kind: "suspect", job: recorded.job, lostAt, now, wait } : wait;
  return recorded.change === undefined ? { answer } : { answer, change: recorded.change };
}

/** Present jobs ahead that can be served. Counted by the ticket's order: where the job's is before it, it counted itself. */
function rankOf(
  view: ProfileView,
  job: Job,
  order: string,
  isAsideCounted: boolean,
): { readonly jobs: number; readonly runners: number } {
  const { servable } = view.capacity.totals(view.now);
  const { ahead, asideAhead } = view.job(job.uniqueId);
  const counts = isAsideCounted ? [...ahead, ...asideAhead] : ahead;
  const { jobs, runners } = sumAhead(counts, servable);
  const list = orderOf(job) < order ? entryOf(job, view.lostAt)?.list : undefined;
  const isCounted = list === "line" || (list === "aside" && isAsideCounted);
  return isCounted ? { jobs: jobs - 1, runners: runners - neededRunners(job) } : { jobs, runners };
}

/** What is remembered of why it waits. */
function explainWait(
  { now, settings, capacity }: ProfileView,
  job: Job,
  ahead: { readonly jobs: number; readonly runners: number },
  { reason, runnersBefore }: WaitReply,
): Wait {
  const missing = runnersBefore ?? neededRunners(job) - capacity.totals(now).servable;
  const monitor = findBlamedMonitor(capacity.rows, reason, missing, now, settings.snapshotFreshMs);
  return { reason, jobsAhead: ahead.jobs, runnersAhead: ahead.runners, monitor };
}

/** The job after a waiting poll, and what has to be written of it; nothing where the poll says nothing new. */
function recordPoll(
  { hold }: PollCommand,
  view: ProfileView,
  known: Job | null,
  job: Job,
  retryAfterSeconds: number,
  isReadmitted: boolean,
  explain: () => Wait,
): { readonly job: Job; readonly change?: Change } {
  const { now, settings } = view;
  const isMoved = known === null || orderOf(known) !== orderOf(job);
  if (!isReadmitted && !isMoved && !needsRecord(job, now, settings, hold)) return { job };
  const after = {
    ...withHolder(job, hold, now),
    ...presenceAfterPoll(job, now, retryAfterSeconds, settings, hold.holdMs),
    waits: addWait(job.waits, explain(), now - enqueuedAt(job.place)),
  };
  if (after.asideUntil !== undefined && after.asideUntil <= now) delete after.asideUntil;
  const history = isReadmitted ? [describeChange(null, after, false, null, now)] : [];
  return { job: after, change: { jobs: [{ before: known, after }], history, ...heard(view) } };
}
