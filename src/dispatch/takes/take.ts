// One take, as far as it goes without being held: polls, and where the poll wins a claim, asks the
// monitors and answers.
//
// A take's request and the work it starts are two things. The request answers within its budget; a
// claim that it started goes on without it, until every leg is settled, and the answer waits in the
// store for the next poll.
import { whenKnown } from "../../at-once.ts";
import type { Clock } from "../../clock.ts";
import { type Observe, waitedMs } from "../../queue/events.ts";
import type { Claim, Job, Ticket } from "../../queue/job/job.ts";
import type { Hold } from "../../queue/job/presence.ts";
import { spreadOf } from "../../queue/line/retry-after.ts";
import { type PollCommand, type PollReply, pollOperation, type WaitReply } from "../../queue/operations/poll.ts";
import type { QueueSettings } from "../../queue/settings.ts";
import type { MaybePromise } from "../../queue/store.ts";
import type { IdBooking } from "../id-booking.ts";
import type { Limited, RunnerLimits } from "../limits/runner-limits.ts";
import type { OperationRunner } from "../running/operation-runner.ts";
import { type ClaimWork, settledWithin } from "./claim-work.ts";

export type TakeReply = Exclude<Polled, { kind: "claimed" } | { kind: "suspect" } | { kind: "later_generation" }>;

/** What a poll comes to, once it asked as often as it had to. */
type Polled = Exclude<PollReply, { kind: "unbooked" | "late" | "moved" | "limited" }>;
type Answered = Exclude<Polled, { kind: "later_generation" }>;

/** What was found before the poll, so that it goes further. */
type Found = Partial<Pick<PollCommand, "isBooked" | "isLate" | "order" | "limits" | "claimId">>;
const nothing: Found = {};

export interface TakeDeps {
  readonly runner: OperationRunner;
  readonly booking: IdBooking;
  readonly limits: Pick<RunnerLimits, "recall" | "reserve" | "giveBack" | "noteClaimed">;
  readonly work: ClaimWork;
  readonly settings: QueueSettings;
  readonly owner: string;
  readonly observe: Observe;
  readonly clock: Clock;
  /** looks for the runner of a claim that the store may have forgotten, while the client waits */
  readonly lookForForgotten: (suspect: Extract<PollReply, { kind: "suspect" }>) => void;
  /** somebody waits */
  readonly noteWaiting: () => void;
  /** from then on requests do not wait for the claims that they started */
  readonly lettingGo: AbortSignal;
}

/**
 * @param clientGone only called when there is something to wait for; its signal aborts when the
 * caller hangs up
 * @param answerBy the clock's `now` by which a claim that was won must be answered
 */
export type TakeOnce = (
  ticket: Ticket,
  clientGone: () => AbortSignal,
  answerBy: number,
  hold: Hold,
) => MaybePromise<TakeReply>;

export function createTakeOnce(deps: TakeDeps): TakeOnce {
  const { runner, booking, limits, work, settings, owner, observe, clock } = deps;
  let polls = 0;
  const nextClaimId = () => {
    polls += 1;
    return `${owner}-${polls}`;
  };

  /** Asks once, and again where the answer says so. */
  const poll = (ticket: Ticket, hold: Hold, found: Found = nothing): MaybePromise<Polled> => {
    const heldBy = found.limits === undefined ? limits.recall(ticket) : undefined;
    const operation = pollOperation({
      ticket,
      claimId: found.claimId ?? nextClaimId(),
      spread: spreadOf(ticket.uniqueId),
      hold,
      isBooked: false,
      isLate: false,
      ...(heldBy !== undefined && { limits: heldBy }),
      ...found,
      roomSeenAt: runner.roomSeenAt(ticket.profileKey),
    });
    return whenKnown(runner.run(operation), (reply) => {
      if (reply.kind === "late") return poll(ticket, hold, { ...found, isLate: true });
      if (reply.kind === "moved") return poll(ticket, hold, { ...found, order: reply.order });
      if (reply.kind === "limited") return reserveAndPoll(ticket, hold, found, reply);
      return reply.kind === "unbooked" ? bookAndPoll(ticket, hold, found) : reply;
    });
  };
  /** A claim is written only when its runners are counted. */
  const reserveAndPoll = async (ticket: Ticket, hold: Hold, found: Found, asked: Limited): Promise<Polled> => {
    const claimId = nextClaimId();
    const room = await limits.reserve(asked, claimId);
    if (room !== "reserved") return await poll(ticket, hold, { ...found, limits: room });
    // where the reply is lost, the claim may be written: its places end by themselves
    const reply = await poll(ticket, hold, { ...found, limits: room, claimId });
    if (reply.kind === "claimed" && reply.job.claim?.id === claimId) limits.noteClaimed(reply.job);
    else limits.giveBack(asked, claimId);
    return reply;
  };
  const bookAndPoll = async (ticket: Ticket, hold: Hold, found: Found): Promise<Polled> => {
    const booked = await booking.book(ticket.uniqueId, ticket.profileKey, true);
    if (booked.kind === "conflict") return { kind: "superseded" };
    if (booked.kind === "settling") return claimInFlight("reconciling");
    return await poll(ticket, hold, { ...found, isBooked: true });
  };

  return function takeOnce(ticket, clientGone, answerBy, hold) {
    const goOn = (reply: Polled, askedAt: number, round: number): MaybePromise<TakeReply> => {
      if (reply.kind === "later_generation") return takeOnce(reply.ticket, clientGone, answerBy, hold);
      notePoll(deps, ticket, reply);
      if (reply.kind === "suspect") {
        deps.lookForForgotten(reply);
        return reply.wait;
      }
      if (reply.kind === "wait") deps.noteWaiting();
      return reply.kind === "claimed" ? serve(reply.job, askedAt, round) : reply;
    };
    const ask = (round: number): MaybePromise<TakeReply> => {
      const askedAt = clock.now();
      return whenKnown(poll(ticket, hold), (reply) => goOn(reply, askedAt, round));
    };
    /**
     * Asks the monitors for what was claimed; where they refuse, the job's turn may still stand.
     */
    const serve = async (job: Job, askedAt: number, round: number): Promise<TakeReply> => {
      if (!isClaimed(job)) throw new Error("a claimed job has a claim");
      const started = work.start(ticket, job, askedAt);
      const end = await settledWithin(clock, started, answerBy - clock.now(), [clientGone(), deps.lettingGo]);
      started.isClientPresent = false;
      if (end?.kind === "taken") {
        observe({ kind: "poll_answered", outcome: "taken" });
        return { kind: "taken", answer: end.answer };
      }
      if (end?.kind === "failed") return { kind: "failed" };
      const mayTryNext = end?.kind === "queued" && round < settings.maxAttempts && clock.now() < answerBy;
      return mayTryNext ? await ask(round + 1) : claimInFlight("claim_in_flight");
    };
    return ask(0);
  };
}

function isClaimed(job: Job): job is Job & { claim: Claim } {
  return job.claim !== undefined;
}

function notePoll({ observe, clock }: Pick<TakeDeps, "observe" | "clock">, ticket: Ticket, reply: Answered): void {
  const isReadmitted =
    reply.kind === "wait" || reply.kind === "claimed"
      ? reply.isReadmitted
      : reply.kind === "suspect" && reply.wait.isReadmitted;
  if (isReadmitted) observe({ kind: "readmitted", job: ticket });
  if (reply.kind === "abandoned" && reply.isNew) {
    observe({ kind: "abandoned", job: ticket, waitedMs: waitedMs(ticket, clock.date()) });
  }
  if (reply.kind === "wait") {
    for (const monitor of reply.unknownMonitors ?? []) observe({ kind: "monitor_not_ours", monitor });
  }
  observe({ kind: "poll_answered", outcome: outcomeOf(reply) });
}

function outcomeOf(reply: Answered) {
  switch (reply.kind) {
    case "wait":
      return reply.reason;
    case "suspect":
      return "reconciling";
    case "taken":
      return "replayed";
    default:
      return reply.kind;
  }
}

function claimInFlight(reason: "claim_in_flight" | "reconciling"): WaitReply {
  return { kind: "wait", reason, position: 1, retryAfterSeconds: 1, isReadmitted: false, runnersBefore: null };
}
