// One take, as far as it goes without being held: polls, and where the poll wins a claim, asks the monitors and answers.
//
// A take's request and the work it starts are two things. The request answers within its budget; a claim that it started goes
// on without it, until every leg is settled, and the answer waits in the store for the next poll.
import type { Clock } from "../../clock.ts";
import { type Observe, waitedMs } from "../../queue/events.ts";
import type { Claim, Job, Ticket } from "../../queue/job/job.ts";
import type { Hold } from "../../queue/job/presence.ts";
import { spreadOf } from "../../queue/line/retry-after.ts";
import { type PollReply, pollOperation, type WaitReply } from "../../queue/operations/poll.ts";
import type { QueueSettings } from "../../queue/settings.ts";
import type { IdBooking } from "../id-booking.ts";
import type { OperationRunner } from "../running/operation-runner.ts";
import { type ClaimWork, settledWithin } from "./claim-work.ts";

export type TakeReply = Exclude<PollReply, { kind: "claimed" } | { kind: "suspect" } | { kind: "unbooked" | "late" }>;

/** What a poll comes to, once it asked as often as it had to. */
type Polled = Exclude<PollReply, { kind: "unbooked" | "late" }>;

export interface TakeDeps {
  readonly runner: OperationRunner;
  readonly booking: IdBooking;
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
 * @param clientGone only called when there is something to wait for; its signal aborts when the caller hangs up
 * @param answerBy the clock's `now` by which a claim that was won must be answered
 */
export type TakeOnce = (
  ticket: Ticket,
  clientGone: () => AbortSignal,
  answerBy: number,
  hold: Hold,
) => Promise<TakeReply>;

export function createTakeOnce(deps: TakeDeps): TakeOnce {
  const { runner, booking, work, settings, owner, observe, clock } = deps;
  let polls = 0;

  const poll = async (ticket: Ticket, hold: Hold): Promise<Polled> => {
    let [isBooked, isLate] = [false, false];
    for (;;) {
      polls += 1;
      const reply = await runner.run(
        pollOperation({
          ticket,
          claimId: `${owner}-${polls}`,
          spread: spreadOf(ticket.uniqueId),
          hold,
          isBooked,
          isLate,
          roomSeenAt: runner.roomSeenAt(ticket.profileKey),
        }),
      );
      if (reply.kind !== "unbooked" && reply.kind !== "late") return reply;
      if (reply.kind === "late") {
        isLate = true;
        continue;
      }
      isBooked = true;
      const booked = await booking.book(ticket.uniqueId, ticket.profileKey, true);
      if (booked.kind === "conflict") return { kind: "superseded" };
      if (booked.kind === "settling") return claimInFlight("reconciling");
    }
  };

  return async function takeOnce(ticket, clientGone, answerBy, hold) {
    for (let round = 0; ; round++) {
      const askedAt = clock.now();
      const reply = await poll(ticket, hold);
      notePoll(deps, ticket, reply);
      if (reply.kind === "suspect") {
        deps.lookForForgotten(reply);
        return reply.wait;
      }
      if (reply.kind === "wait") deps.noteWaiting();
      if (reply.kind !== "claimed") return reply;
      const { job } = reply;
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
      if (!mayTryNext) return claimInFlight("claim_in_flight");
    }
  };
}

function isClaimed(job: Job): job is Job & { claim: Claim } {
  return job.claim !== undefined;
}

function notePoll({ observe, clock }: Pick<TakeDeps, "observe" | "clock">, ticket: Ticket, reply: Polled): void {
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

function outcomeOf(reply: Polled) {
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
