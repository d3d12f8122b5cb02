// POST /take/<unique_id>?token=: one poll. The polled path: no body, no validator, no log line,
// headers written once.
import type { Context } from "hono";
import { whenKnown } from "../at-once.ts";
import { parseBearer } from "../auth/bearer.ts";
import { uniqueIdSchema } from "../auth/job-schemas.ts";
import type { Tickets } from "../auth/ticket.ts";
import type { Dispatcher } from "../dispatch/dispatcher.ts";
import type { TakeReply } from "../dispatch/takes/take.ts";
import { estimateWait } from "../queue/fleet/freed-rate.ts";
import type { Ticket } from "../queue/job/job.ts";
import type { MaybePromise } from "../queue/store.ts";
import type { GuessLimit } from "./callers/guess-limit.ts";
import { parseQuery } from "./params.ts";
import { comeBack, refuse, unstored, waitInLine } from "./problem.ts";

/** What is asked where somebody comes without a good ticket. */
export interface GuestDeps {
  readonly dispatcher: Dispatcher;
  readonly guesses: GuessLimit;
  readonly callerOf: (c: Context) => string;
}

export interface TakeDeps extends GuestDeps {
  readonly tickets: Tickets;
  readonly dispatcher: Dispatcher;
  /** the longest that a request is held */
  readonly maxWaitMs: number;
}

export function createTakeRoute(deps: TakeDeps): (c: Context) => MaybePromise<Response> {
  const { dispatcher, tickets, maxWaitMs } = deps;

  const answer = (c: Context, ticket: Ticket, reply: TakeReply, preference: string | null): Response => {
    const applied: Record<string, string> = preference === null ? {} : { "preference-applied": preference };
    switch (reply.kind) {
      case "wait": {
        const { reason, position, retryAfterSeconds, runnersBefore } = reply;
        const estimate = estimateWait(dispatcher.freedRate(ticket.profileKey), runnersBefore);
        return waitInLine(reason, position, retryAfterSeconds, estimate, preference);
      }
      case "taken":
        return c.body(reply.answer, 200, { "content-type": "application/json", ...unstored, ...applied });
      case "failed":
        return c.body("null", 200, { "content-type": "application/json", ...unstored, ...applied });
      case "superseded":
        return refuse("ticket_wrong", "The unique_id was enqueued again since");
      case "abandoned":
        return refuse("job_abandoned");
      case "cancelled":
        return refuse("job_cancelled");
      case "answer_expired":
        return refuse("answer_expired");
      case "ticket_expired":
        return refuse("ticket_expired");
    }
  };

  return function take(c) {
    const query = parseQuery(c);
    if (query.kind === "refused") return query.response;
    const { value: parameters } = query;
    const uniqueId = c.req.param("uniqueId") ?? "";
    const text = parameters.get("token") ?? parseBearer(c.req.header("authorization"));
    return whenKnown(text === null ? null : tickets.verify(text), (ticket) => {
      if (ticket?.uniqueId !== uniqueId) return refuseTicket(deps, c, uniqueId, text === null);
      const asked = parseWait(parameters.get("wait"), c.req.header("prefer"));
      if (asked === null) return refuse("malformed_parameter", "wait: whole seconds");
      const holdMs = Math.min(asked.seconds * 1000, maxWaitMs);
      const preference = asked.isPreferred ? `wait=${Math.floor(holdMs / 1000)}` : null;
      const reply = dispatcher.take(ticket, () => c.req.raw.signal, holdMs);
      return whenKnown(reply, (known) => answer(c, ticket, known, preference));
    });
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
  { dispatcher, guesses, callerOf }: GuestDeps,
  c: Context,
  uniqueId: string,
  isMissing: boolean,
): Promise<Response> {
  const id = uniqueIdSchema.safeParse(uniqueId);
  if (!id.success) return refuse("malformed_parameter", id.error.issues[0]?.message);
  if (isMissing) return refuse("ticket_missing");
  const waitSeconds = guesses.begin(callerOf(c));
  if (waitSeconds > 0) return comeBack("too_many_guesses", waitSeconds);
  const profileKey = await dispatcher.findProfile(uniqueId);
  const isKnown = profileKey !== null && (await dispatcher.inspect(profileKey, uniqueId)).kind === "job";
  if (!isKnown) return refuse("job_unknown");
  return refuse("ticket_wrong");
}
