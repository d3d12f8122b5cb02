// Polls for detached jobs, for which nobody else does: when a sweep says whose turn it is, whoever
// noticed it asks as their client would. Any number of instances may: one of them wins the claim,
// as among polls.
import type { Clock } from "../clock.ts";
import { type Observe, waitedMs } from "../queue/events.ts";
import { type Ticket, ticketOf } from "../queue/job/job.ts";
import { noHold } from "../queue/job/presence.ts";
import { attendOperation } from "../queue/operations/word/attend.ts";
import type { OperationRunner } from "./running/operation-runner.ts";
import type { TakeOnce } from "./takes/take.ts";

export interface AttendantDeps {
  readonly runner: OperationRunner;
  readonly takeOnce: TakeOnce;
  readonly observe: Observe;
  readonly clock: Clock;
  /** a job has what it wanted: the next one's turn may have come */
  readonly lookAgain: (profileKey: string) => void;
}

/** A take answers within this, ms; a claim goes on without it. */
const answerWithinMs = 20_000;

/**
 * Looks at jobs whose turn it is, or that may have waited for too long; those that somebody polls
 * for are left alone.
 */
export type Attend = (profileKey: string, uniqueIds: readonly string[]) => Promise<void>;

export function createAttendant({ runner, takeOnce, observe, clock, lookAgain }: AttendantDeps): Attend {
  const underWay = new Set<string>();
  const { signal: nobodyLeaves } = new AbortController();

  const poll = async (ticket: Ticket): Promise<void> => {
    const key = `${ticket.profileKey} ${ticket.uniqueId}`;
    if (underWay.has(key)) return;
    underWay.add(key);
    try {
      const reply = await takeOnce(ticket, () => nobodyLeaves, clock.now() + answerWithinMs, noHold);
      if (reply.kind !== "wait") lookAgain(ticket.profileKey);
    } catch (error) {
      observe({ kind: "trouble", where: "attend", profileKey: ticket.profileKey, error });
    } finally {
      underWay.delete(key);
    }
  };

  return async function attend(profileKey, uniqueIds) {
    const { polls, ended, leaked } = await runner.run(attendOperation(profileKey, uniqueIds));
    for (const job of ended) {
      observe({ kind: "abandoned", job: ticketOf(job), waitedMs: waitedMs(job, clock.date()) });
    }
    if (leaked.length > 0) observe({ kind: "leaked", profileKey, uniqueId: null, runners: leaked });
    for (const ticket of polls) void poll(ticket);
  };
}
