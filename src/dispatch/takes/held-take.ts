// A take that is held: it waits inside its request until its job's turn has come, its job is over,
// or its time is up. A wake is only a hint to poll again.
import type { Clock } from "../../clock.ts";
import type { Ticket } from "../../queue/job/job.ts";
import { hangUpOperation } from "../../queue/operations/hang-up.ts";
import type { WaitReply } from "../../queue/operations/poll.ts";
import type { OperationRunner } from "../running/operation-runner.ts";
import type { TakeOnce, TakeReply } from "./take.ts";
import type { WaitingRoom } from "./waiting-room.ts";

/** Nobody wakes who stands aside for a limit: the first of them look each second. */
function lookAgainMs({ reason, position }: WaitReply, leftMs: number): number {
  if (reason === "reconciling") return reconcilingLookMs;
  return reason === "repository_limit" ? limitLookMs * Math.min(position, 5) : leftMs;
}

/**
 * Only a poll has evidence looked for, and what it found may be nothing: nobody would wake who is
 * not in line, ms.
 */
const reconcilingLookMs = 1_000;
const limitLookMs = 1_000;

export interface HeldTake {
  /**
   * @param answerBy @param holdUntil both on the clock's `now`: when a claim that was won must be
   * answered, and a job that waits
   */
  take(ticket: Ticket, gone: AbortSignal, answerBy: number, holdUntil: number): Promise<TakeReply>;
  /** The request that was held longest hears how its job stands. */
  callOff(): void;
  /** Requests that are held now. */
  count(): number;
}

export function createHeldTake(
  room: WaitingRoom,
  runner: OperationRunner,
  owner: string,
  takeOnce: TakeOnce,
  ending: AbortSignal,
  clock: Clock,
): HeldTake {
  let holds = 0;
  /** the longest held first */
  const calls = new Set<() => void>();
  let waiting = 0;

  return {
    take: async (ticket, gone, answerBy, holdUntil) => {
      holds += 1;
      const holder = `${owner}-h${holds}`;
      // enters before it polls: a wake between its poll and its wait is not lost
      const waiter = room.enter(ticket.profileKey, ticket.uniqueId);
      let isCalledOff = false;
      const callOff = () => {
        isCalledOff = true;
        waiter.wake();
      };
      calls.add(callOff);
      waiting += 1;
      try {
        for (;;) {
          waiter.reset();
          const holdMs = Math.max(0, holdUntil - clock.now());
          const reply = await takeOnce(ticket, () => gone, answerBy, { holdMs, holder });
          if (reply.kind !== "wait" || holdMs === 0) return reply;
          const lookAt = clock.now() + lookAgainMs(reply, holdUntil - clock.now());
          const end = isCalledOff ? "gone" : await waiter.until(Math.min(lookAt, holdUntil), [gone, ending]);
          if (end === "gone" || isCalledOff) {
            // they declared to be present until the end of this request, which is earlier now
            await runner.run(hangUpOperation(ticket, holder));
            return reply;
          }
        }
      } finally {
        calls.delete(callOff);
        waiting -= 1;
        waiter.leave();
      }
    },
    callOff: () => {
      const [oldest] = calls;
      if (oldest === undefined) return;
      calls.delete(oldest);
      oldest();
    },
    count: () => waiting,
  };
}
