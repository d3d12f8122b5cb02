// POST /take/<unique_id>?token=: one poll. The polled path: no body, no validator, no log line,
// headers written once. It knows neither Hono nor Node: one of the two brings the request and sends
// the reply (polls.ts).
import { whenKnown } from "../../at-once.ts";
import { parseBearer } from "../../auth/bearer.ts";
import { uniqueIdSchema } from "../../auth/job-schemas.ts";
import type { Tickets } from "../../auth/ticket.ts";
import type { Dispatcher } from "../../dispatch/dispatcher.ts";
import type { TakeReply } from "../../dispatch/takes/take.ts";
import { estimateWait } from "../../queue/fleet/freed-rate.ts";
import type { Ticket } from "../../queue/job/job.ts";
import type { MaybePromise } from "../../queue/store.ts";
import type { GuessLimit } from "../callers/guess-limit.ts";
import { readQuery } from "../params.ts";
import { notNow, type Reply, refusal, unstored, waitInLine } from "../problem.ts";

/** What is asked where somebody comes without a good ticket. */
export interface GuestDeps {
  readonly dispatcher: Dispatcher;
  readonly guesses: GuessLimit;
}

export interface TakeDeps extends GuestDeps {
  readonly tickets: Tickets;
  readonly dispatcher: Dispatcher;
  /** the longest that a request is held */
  readonly maxWaitMs: number;
}

/** A poll as it came in. */
export interface PollRequest {
  readonly uniqueId: string;
  /** what stands behind the question mark */
  readonly query: string;
  /** @param name in lower case */
  readonly header: (name: "authorization" | "prefer" | "content-length") => string | undefined;
  /** the address to count for */
  readonly caller: () => string;
  /** aborts when the caller hangs up; only called where somebody waits for it */
  readonly clientGone: () => AbortSignal;
}

export type Take = (request: PollRequest) => MaybePromise<Reply>;

/** All that nearly every poll says. */
const tokenAlone = /^token=([\w.-]+)$/;

export function createTake(deps: TakeDeps): Take {
  const { dispatcher, tickets, maxWaitMs } = deps;

  const answer = (ticket: Ticket, reply: TakeReply, preference: string | null): Reply => {
    const said = (body: string): Reply => {
      const applied = preference === null ? {} : { "preference-applied": preference };
      return { status: 200, headers: { "content-type": "application/json", ...unstored, ...applied }, body };
    };
    switch (reply.kind) {
      case "wait": {
        const { reason, position, retryAfterSeconds, runnersBefore } = reply;
        const estimate = estimateWait(dispatcher.freedRate(ticket.profileKey), runnersBefore);
        return waitInLine(reason, position, retryAfterSeconds, estimate, preference);
      }
      case "taken":
        return said(reply.answer);
      case "failed":
        return said("null");
      case "superseded":
        return refusal("ticket_wrong", "The unique_id was enqueued again since");
      case "abandoned":
        return refusal("job_abandoned");
      case "cancelled":
        return refusal("job_cancelled");
      case "answer_expired":
        return refusal("answer_expired");
      case "ticket_expired":
        return refusal("ticket_expired");
    }
  };

  const poll = (request: PollRequest, text: string | null, wait: string | undefined): MaybePromise<Reply> => {
    const { uniqueId } = request;
    return whenKnown(text === null ? null : tickets.verify(text), (ticket) => {
      if (ticket?.uniqueId !== uniqueId) return refuseTicket(deps, request.caller, uniqueId, text === null);
      const asked = parseWait(wait, request.header("prefer"));
      if (asked === null) return refusal("malformed_parameter", "wait: whole seconds");
      const holdMs = Math.min(asked.seconds * 1000, maxWaitMs);
      const preference = asked.isPreferred ? `wait=${Math.floor(holdMs / 1000)}` : null;
      const reply = dispatcher.take(ticket, request.clientGone, holdMs);
      return whenKnown(reply, (known) => answer(ticket, known, preference));
    });
  };

  return function take(request) {
    const contentLength = request.header("content-length");
    const token = contentLength === undefined ? tokenAlone.exec(request.query)?.[1] : undefined;
    if (token !== undefined) return poll(request, token, undefined);
    const query = readQuery(request.query, contentLength);
    if (!(query instanceof Map)) return query;
    const text = query.get("token") ?? parseBearer(request.header("authorization"));
    return poll(request, text, query.get("wait"));
  };
}

interface AskedWait {
  readonly seconds: number;
  /** by a Prefer header, which is a wish: what cannot be read is left alone (RFC 7240 section 2) */
  readonly isPreferred: boolean;
}

const noWait: AskedWait = { seconds: 0, isPreferred: false };

/**
 * How long the caller is willing to wait in this request: the parameter counts before the header.
 * Null: it is not a number of seconds.
 */
function parseWait(parameter: string | undefined, prefer: string | undefined): AskedWait | null {
  if (parameter !== undefined) {
    return /^\d{1,9}$/.test(parameter) ? { seconds: Number(parameter), isPreferred: false } : null;
  }
  if (prefer === undefined) return noWait;
  // preferences are parted by commas outside of quotes; what follows a semicolon belongs to the one
  // before it
  const wishes = prefer.replace(/"[^"]*"/g, (quoted) => quoted.replaceAll(/[,;"]/g, "")).split(",");
  const wish = wishes
    .map((one) => /^\s*wait\s*=\s*(\d{1,9})\s*(?:;|$)/i.exec(one)?.[1])
    .find((one) => one !== undefined);
  return wish === undefined ? noWait : { seconds: Number(wish), isPreferred: true };
}

/**
 * Without a good ticket nothing is written: only whether such a job exists decides between "not
 * yours" and "no such job". Who tries many ids is slowed down before the store is asked.
 */
export async function refuseTicket(
  { dispatcher, guesses }: GuestDeps,
  caller: () => string,
  uniqueId: string,
  isMissing: boolean,
): Promise<Reply> {
  const id = uniqueIdSchema.safeParse(uniqueId);
  if (!id.success) return refusal("malformed_parameter", id.error.issues[0]?.message);
  if (isMissing) return refusal("ticket_missing");
  const waitSeconds = guesses.begin(caller());
  if (waitSeconds > 0) return notNow("too_many_guesses", waitSeconds);
  const profileKey = await dispatcher.findProfile(uniqueId);
  const isKnown = profileKey !== null && (await dispatcher.inspect(profileKey, uniqueId)).kind === "job";
  return refusal(isKnown ? "ticket_wrong" : "job_unknown");
}
