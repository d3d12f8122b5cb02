// Follows a leg that its monitor fetches: the monitor's own calls settle it, in whichever instance
// they arrive. Here its time is kept: an offer that nobody takes on is withdrawn, and a monitor that
// accepted and fell silent for good is given up.
import { type Clock, delay } from "../../clock.ts";
import { type Observe, waitedMs } from "../../queue/events.ts";
import { type Ticket, ticketOf } from "../../queue/job/job.ts";
import type { SettleReply } from "../../queue/job/settlement.ts";
import { type LookAnswer, lookAtPulledLegOperation } from "../../queue/operations/pulled/settle-pulled.ts";
import { StoreUnavailable } from "../../queue/store.ts";
import type { OperationRunner } from "../running/operation-runner.ts";
import type { WaitingRoom } from "./waiting-room.ts";

/** Resolves when the leg is settled, with how its job stands then; "open" where it is let go before. */
export type FollowPulledLeg = (ticket: Ticket, claimId: string, monitor: string) => Promise<SettleReply>;

/** A wake may be lost: looked at again after this, ms. */
const maxUnseenMs = 2_000;
/** While the store is away, ms. */
const tryAgainMs = 250;

/** @param lettingGo aborts when nobody can be heard here any more: the leg is in the store, for whoever comes next */
export function createFollowPulledLeg(
  runner: OperationRunner,
  room: WaitingRoom,
  lettingGo: AbortSignal,
  observe: Observe,
  clock: Clock,
): FollowPulledLeg {
  const look = async ({ profileKey, uniqueId }: Ticket, claimId: string, monitor: string): Promise<LookAnswer> => {
    for (;;) {
      try {
        return await runner.run(lookAtPulledLegOperation({ profileKey, uniqueId, claimId }, monitor));
      } catch (error) {
        if (!(error instanceof StoreUnavailable) || lettingGo.aborted) throw error;
        await delay(clock, tryAgainMs);
      }
    }
  };

  return async function follow(ticket, claimId, monitor) {
    const { profileKey, uniqueId } = ticket;
    const waiter = room.enter(profileKey, uniqueId);
    try {
      for (;;) {
        waiter.reset();
        const seen = await look(ticket, claimId, monitor);
        noteEnd(observe, clock, monitor, seen);
        if (seen.dueAt === null) return seen.reply;
        const inMs = Math.min(seen.dueAt - seen.now, maxUnseenMs);
        if ((await waiter.until(clock.now() + inMs, [lettingGo])) === "gone") return { kind: "open" };
      }
    } finally {
      waiter.leave();
    }
  };
}

function noteEnd(observe: Observe, clock: Clock, monitor: string, { news }: LookAnswer): void {
  if (news === null) return;
  const ticket = ticketOf(news.job);
  observe({ kind: "leg", job: ticket, monitor, outcome: "refused", detail: "withdrawn", tookMs: 0 });
  observe({ kind: "settled", outcome: news.reply.kind });
  if (news.reply.kind === "failed" && news.reply.isNew) {
    observe({ kind: "failed", job: ticket, waitedMs: waitedMs(ticket, clock.date()) });
  }
}
