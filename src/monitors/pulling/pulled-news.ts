// Tells what a settled leg came to, once, wherever it was settled.
import type { Clock } from "../../clock.ts";
import { type Observe, waitedMs } from "../../queue/events.ts";
import { ticketOf } from "../../queue/job/job.ts";
import type { LegParts } from "../../queue/job/leg-name.ts";
import type { PulledAnswer } from "../../queue/operations/pulled/settle-pulled.ts";

export type NotePulledNews = (monitor: string, leg: LegParts, answer: PulledAnswer) => void;

export function createNotePulledNews(observe: Observe, clock: Clock): NotePulledNews {
  return (monitor, { profileKey, uniqueId }, { news, tooLate }) => {
    if (tooLate !== undefined) observe({ kind: "leaked", profileKey, uniqueId, runners: tooLate });
    if (news === null) return;
    const { job, reply, leaked } = news;
    const ticket = ticketOf(job);
    const leg = job.claim?.legs.find((one) => one.monitor === monitor);
    const isTaken = leg?.state === "taken" || reply.kind === "taken";
    const tookMs = leg?.acceptedAt === undefined ? 0 : Math.max(0, clock.date() - leg.acceptedAt);
    observe({ kind: "leg", job: ticket, monitor, outcome: isTaken ? "taken" : "refused", detail: "fetched", tookMs });
    observe({ kind: "settled", outcome: reply.kind });
    if (leaked.length > 0) {
      observe({ kind: "leaked", profileKey: job.profileKey, uniqueId: job.uniqueId, runners: leaked });
    }
    if ((reply.kind === "taken" || reply.kind === "failed") && reply.isNew) {
      observe({ kind: reply.kind, job: ticket, waitedMs: waitedMs(ticket, clock.date()) });
    }
  };
}
