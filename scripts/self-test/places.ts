// Every place in line that a check took, and every one that it may have taken without learning of
// it: so that all are given up in the end, and nobody waits behind a check that is over.
import { setTimeout as delay } from "node:timers/promises";
import type { QueueClient, Reply, Silence } from "./queue-client.ts";
import { codeOfProblem } from "./reply.ts";

const triesToGiveUp = 3;
const betweenTriesMs = 500;

export interface Places {
  /** What came of an enqueue. */
  enqueued(uniqueId: string, sent: Reply | Silence): void;
  /** A job that was over is in line again, under its ticket. */
  isAgain(uniqueId: string, ticket: string): void;
  /** Nothing is left in line for this ticket. */
  isOver(ticket: string): void;
  /** Gives up whatever is left. Returns a sentence where that did not work. Never rejects. */
  leave(): Promise<string | null>;
}

/**
 * @param token may give a place up whose ticket never arrived, where it is an operator's
 * @param learned told of every ticket, so that none is ever printed
 */
export function createPlaces(
  queue: QueueClient,
  token: string,
  withinMs: number,
  learned: (ticket: string) => void,
): Places {
  const idOfTicket = new Map<string, string>();
  const doubtful = new Set<string>();

  async function isGivenUp(url: string, bearer?: string): Promise<boolean> {
    for (let tries = 1; ; tries += 1) {
      const reply = await queue.send({ method: "DELETE", url, withinMs, bearer });
      if (reply.kind === "reply" && isNoPlaceLeft(reply)) return true;
      const isFinal = reply.kind === "reply" && reply.status < 500;
      if (isFinal || tries === triesToGiveUp) return false;
      await delay(betweenTriesMs);
    }
  }

  return {
    enqueued(uniqueId, sent) {
      if (sent.kind === "reply" && sent.status === 200) {
        learned(sent.body);
        idOfTicket.set(sent.body, uniqueId);
      }
      const mayBePlaced = sent.kind === "silence" ? sent.mayHaveArrived : sent.status >= 500;
      if (mayBePlaced && ![...idOfTicket.values()].includes(uniqueId)) doubtful.add(uniqueId);
      else doubtful.delete(uniqueId);
    },
    isAgain: (uniqueId, ticket) => void idOfTicket.set(ticket, uniqueId),
    isOver: (ticket) => void idOfTicket.delete(ticket),
    async leave() {
      const byTicket = [...idOfTicket].map(([ticket, id]) => isGivenUp(jobUrl(queue.url, id, ticket)));
      const byOperator = [...doubtful].map((id) => isGivenUp(`${queue.url}/jobs/${id}`, token));
      const isAllGone = (await Promise.all([...byTicket, ...byOperator])).every((isGone) => isGone);
      return isAllGone ? null : "a place may be left in line, until it is abandoned by itself";
    },
  };
}

/** @param act what is done to it, beginning with a slash; absent: nothing */
export function jobUrl(queueUrl: string, uniqueId: string, ticket: string, act = ""): string {
  return `${queueUrl}/jobs/${uniqueId}${act}?token=${encodeURIComponent(ticket)}`;
}

/** Given up, over before, never known; or taken, and then nothing waits for it any more. */
function isNoPlaceLeft(reply: Reply): boolean {
  return reply.status === 200 || reply.status === 404 || codeOfProblem(reply) === "job_taken";
}
