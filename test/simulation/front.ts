// How an instance of the simulation answers its clients: what http/ makes of the dispatcher's
// words, as values. A reply that is none of the contract's is a bug of the queue.
import type { Dispatcher } from "../../src/dispatch/dispatcher.ts";
import type { EnqueueAnswer } from "../../src/dispatch/enqueuer.ts";
import type { TakeReply } from "../../src/dispatch/takes/take.ts";
import { StoreUnavailable } from "../../src/queue/store.ts";
import type { ClientReply, ClientRequest } from "./requests.ts";

/**
 * Serves one request. Never rejects: what is no lost store is told to `onBug`, and answered 500.
 */
export async function serveRequest(
  dispatcher: Dispatcher,
  request: ClientRequest,
  clientGone: () => AbortSignal,
  onBug: (error: unknown) => void,
): Promise<ClientReply> {
  try {
    switch (request.kind) {
      case "enqueue":
        return replyToEnqueue(await dispatcher.enqueue(request.job, request));
      case "take":
        return replyToTake(await dispatcher.take(request.ticket, clientGone, request.holdMs));
      case "cancel": {
        const { ticket } = request;
        const { kind } = await dispatcher.cancel(ticket.profileKey, ticket.uniqueId, ticket);
        return final(kind === "cancelled" ? 200 : 404, kind);
      }
    }
  } catch (error) {
    if (error instanceof StoreUnavailable) return retried(503, "store_unavailable", 2);
    onBug(error);
    return retried(500, "internal_error", 5);
  }
}

function replyToEnqueue(reply: EnqueueAnswer): ClientReply {
  switch (reply.kind) {
    case "accepted":
      return { ...final(200, reply.isNew ? "enqueued" : "repeated"), place: reply.place };
    case "conflict":
    case "id_used":
      return final(409, reply.kind);
    case "class_unknown":
      return final(400, reply.kind);
    case "unsatisfiable":
    case "above_limit":
    case "too_long":
      return final(422, reply.kind);
    case "fleet_unknown":
    case "settling":
      return retried(503, reply.kind, 1);
    case "full":
    case "run_full":
    case "repository_full":
    case "too_many_remembered":
      return retried(429, reply.kind, 5);
  }
}

function replyToTake(reply: TakeReply): ClientReply {
  switch (reply.kind) {
    case "wait":
      return retried(503, reply.reason, reply.retryAfterSeconds);
    case "taken":
      return { ...final(200, "taken"), answer: reply.answer };
    case "failed":
      return { ...final(200, "failed"), answer: "null" };
    case "superseded":
      return final(403, reply.kind);
    case "abandoned":
    case "cancelled":
    case "answer_expired":
    case "ticket_expired":
      return final(404, reply.kind);
  }
}

const final = (status: number, reason: string): ClientReply => ({ status, reason, retryAfterSeconds: 0 });
const retried = (status: number, reason: string, retryAfterSeconds: number): ClientReply => ({
  status,
  reason,
  retryAfterSeconds,
});
