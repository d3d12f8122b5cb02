// A place is given up, by whoever has its ticket, or by an operator.

import type { Clock } from "../clock.ts";
import type { OperatorWords } from "../queue/acts.ts";
import { type Observe, waitedMs } from "../queue/events.ts";
import { type Ticket, ticketOf } from "../queue/job/job.ts";
import { type CancelReply, cancelOperation } from "../queue/operations/cancel.ts";
import type { IdBooking } from "./id-booking.ts";
import type { OperationRunner } from "./running/operation-runner.ts";

export type Cancel = (profileKey: string, uniqueId: string, canceller: Ticket | OperatorWords) => Promise<CancelReply>;

export function createCancel(
  runner: OperationRunner,
  booking: Pick<IdBooking, "book">,
  observe: Observe,
  clock: Pick<Clock, "date">,
): Cancel {
  return async function cancel(profileKey, uniqueId, canceller) {
    const ticket = "by" in canceller ? null : canceller;
    const reply = await runner.run(cancelOperation(profileKey, uniqueId, canceller));
    if (reply.kind !== "cancelled") return reply;
    // also where the store had lost it: its id is known again
    if (ticket !== null) await booking.book(uniqueId, profileKey, false);
    const by = ticket === null ? "operator" : "owner";
    observe({ kind: "cancelled", job: ticketOf(reply.job), waitedMs: waitedMs(reply.job, clock.date()), by });
    if (reply.leaked.length > 0) observe({ kind: "leaked", profileKey, uniqueId, runners: reply.leaked });
    return reply;
  };
}
