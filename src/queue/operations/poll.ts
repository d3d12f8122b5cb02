// Poll: a job asks whether it is its turn. It claims, or waits and says why. A waiting poll changes nothing, but that its
// presence is written down now and then.
import { isInForce } from "../acts.ts";
import { monitorOrderOf } from "../fleet/monitor-order.ts";
import { describeChange } from "../history.ts";
import { isSuspect, waitsForOthers } from "../job/after-loss.ts";
import { withClock } from "../job/age.ts";
import { reasonOfClaim } from "../job/claim.ts";
import { enqueuedAt, heldSince, type Job, neededRunners, type Ticket } from "../job/job.ts";
import { matchTicket, type TicketMatch } from "../job/match-ticket.ts";
import { deadlinesOf, type Hold, needsRecord, presenceAfterPoll, withAsideOfNow, withHolder } from "../job/presence.ts";
import { endJob, isAnswerGood, isForgotten, isTicketExpired, readmitJob } from "../job/tombstone.ts";
import { addWait, plainWait } from "../job/why/waits.ts";
import { type HeldBy, isAsideOtherwise, type RunnerLimit, runnerLimitsOf, withLimit } from "../line/limit.ts";
import { entryOf, orderOf, sumAhead } from "../line/line.ts";
import { decideRetryAfterSeconds, retryAfterHoldSeconds } from "../line/retry-after.ts";
import { keepsPlaces } from "../line/silence.ts";
import { decideTurn, type WaitReason } from "../line/turn.ts";
import { type Change, type Decision, type Operation, type ProfileView, withHead } from "../profile.ts";
import { claimFor } from "./claim-change.ts";
import { heard } from "./enqueue.ts";
import { explainWait, recordPoll } from "./record-poll.ts";
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
  /**
   * what was found of the limits on runners: places on their rolls are taken for this claim, or one of
   * them is full; absent: nobody asked
   */
  readonly limits?: "reserved" | HeldBy;
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
  /** its turn has come: whether its limits leave room for `needed` runners has to be asked first */
  | {
      readonly kind: "limited";
      readonly job: Job;
      readonly limits: readonly RunnerLimit[];
      readonly needed: number;
      readonly now: number;
      /** since when the store knows everything, ms */
      readonly lostAt: number;
    }
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

interface Waits extends Pick<WaitReply, "reason" | "runnersBefore" | "unknownMonitors"> {
  readonly claim?: Change & { readonly job: Job };
  readonly heldBy?: HeldBy;
  /** limits that nobody asked for */
  readonly asks?: readonly RunnerLimit[];
}

/** Whether limits on runners keep the job from claiming; null: they do not. */
function decideLimit({ limits }: PollCommand, { policy }: ProfileView, job: Job): Waits | null {
  if (limits === "reserved") return null;
  const asks = runnerLimitsOf(policy, job);
  if (asks.length === 0) return null;
  return { reason: "repository_limit", runnersBefore: null, ...(limits === undefined ? { asks } : { heldBy: limits }) };
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
  const isAsideCounted = waitsForOthers(job, lostAt, now, settings);
  const rank = rankOf(view, job, command.order ?? orderOf(command.ticket), isAsideCounted);

  const decideWait = (): Waits => {
    // the next sweep lets go of what was held too long, and says so
    if (isHeldTooLong || isSuspected) return { reason: "reconciling", runnersBefore: null };
    if (isInForce(view.head.paused, now)) return { reason: "profile_paused", runnersBefore: null };
    if (isAsideOtherwise(job, now))
      return { reason: job.unchargedRefusals ? "monitor_refuses" : "reconciling", runnersBefore: null };
    const held = job.limit === undefined ? null : decideLimit(command, view, job);
    if (held !== null) return held;
    const needed = neededRunners(job);
    const order = monitorOrderOf(view.policy, job);
    const turn = decideTurn(capacity, needed, rank.runners, now, settings, view.canReach, order);
    if (turn.kind === "wait") return turn;
    const isFull = job.limit === undefined ? decideLimit(command, view, job) : null;
    if (isFull !== null) return isFull;
    return {
      reason: "no_capacity",
      runnersBefore: null,
      claim: claimFor(command, view, known, job, turn.legs, rank.runners, isAsideCounted),
    };
  };
  const { claim, asks, heldBy, reason, runnersBefore, unknownMonitors } = decideWait();
  if (asks !== undefined) {
    return { answer: { kind: "limited", job, limits: asks, needed: neededRunners(job), now, lostAt } };
  }
  if (claim !== undefined) {
    const { job: claimed, ...change } = claim;
    return { answer: { kind: "claimed", job: claimed, isReadmitted }, change };
  }
  // who stands aside with others stands behind those of them who came before
  const order = command.order ?? orderOf(command.ticket);
  const position = 1 + (heldBy === undefined ? rank : rankOf(view, job, order, true)).jobs;
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
  const stood = withLimit(job, heldBy ?? null, now, settings.monitorReserveTimeoutMs);
  const isNews = isReadmitted || stood !== job;
  const recorded = recordPoll(command, view, known, stood, retryAfterSeconds, isReadmitted, isNews, explain);
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
