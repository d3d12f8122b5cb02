// A take that is held: it waits inside its request until its job's turn has come, its job is over, or its time is up. Whoever is woken polls again;
// nothing is believed of a wake but that looking may be worth while.

import type { Ticket } from "../queue/job.ts";
import type { Store } from "../queue/ports.ts";
import type { Hold } from "../queue/presence.ts";
import type { TakeReply } from "./dispatcher.ts";
import { createWaitingRoom } from "./waiting-room.ts";

export const noHold: Hold = { holdMs: 0, holder: "" };

type PollOnce = (ticket: Ticket, clientGone: () => AbortSignal, answerBy: number, hold: Hold) => Promise<TakeReply>;

export interface HeldTake {
  /** @param answerBy @param holdUntil both on performance.now(): when a claim that was won must be answered, and a job that waits */
  take(ticket: Ticket, gone: AbortSignal, answerBy: number, holdUntil: number): Promise<TakeReply>;
  /** Requests that are held now. */
  count(): number;
  /** For wakes that were lost: looks whose turn it is, and who is over. */
  wakeWinners(): Promise<void>;
}

export function createHeldTake(store: Store, owner: string, pollOnce: PollOnce, ending: AbortSignal): HeldTake {
  const room = createWaitingRoom(store.listen);
  store.onWake(room.wake);
  let holds = 0;

  return {
    take: async (ticket, gone, answerBy, holdUntil) => {
      holds += 1;
      const holder = `${owner}-h${holds}`;
      // Enters before it polls: a wake between its poll and its wait is not lost.
      const waiter = room.enter(ticket.profileKey, ticket.uniqueId);
      try {
        for (;;) {
          waiter.reset();
          const holdMs = Math.max(0, holdUntil - performance.now());
          const reply = await pollOnce(ticket, () => gone, answerBy, { holdMs, holder });
          if (reply.kind !== "wait" || holdMs === 0) return reply;
          const end = await waiter.until(holdUntil, [gone, ending]);
          if (end === "gone") {
            // He declared to be present until the end of this request, and is not.
            await store.hangUp(ticket, holder);
            return reply;
          }
        }
      } finally {
        waiter.leave();
      }
    },
    count: () => room.size,
    wakeWinners: async () => {
      for (const profileKey of room.profiles()) {
        room.wake(profileKey, await store.winners(profileKey));
        room.wake(profileKey, await store.missedNews(profileKey));
      }
    },
  };
}
