// Which job a ticket speaks for. The first ticket of a unique_id stays good through all its
// generations; any other one is of the past once the id was enqueued again.
import { isSameRequest, type Job, type Ticket, ticketOf } from "./job.ts";

export type TicketMatch =
  | { readonly kind: "job"; readonly job: Job }
  /** the job is a later generation: this is its ticket by now */
  | { readonly kind: "later_generation"; readonly ticket: Ticket }
  | { readonly kind: "superseded" };

/**
 * One request may hold two tickets, where the store was lost in between: both stand, and the older
 * place counts.
 */
export function matchTicket(job: Job, ticket: Ticket): TicketMatch {
  if (job.place === ticket.place) return { kind: "job", job };
  if (job.first?.place === ticket.place) return { kind: "later_generation", ticket: ticketOf(job) };
  if (!isSameRequest(job, ticket) || ticket.place <= (job.endedPlace ?? 0)) return { kind: "superseded" };
  const isOlder = ticket.place < job.place && job.state === "queued";
  return { kind: "job", job: isOlder ? { ...job, place: ticket.place, share: ticket.share } : job };
}
