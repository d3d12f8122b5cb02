// GET and DELETE /jobs/<unique_id>, and /explain: how a job stands and why, and giving its place
// up. For the ticket's holder, or an operator.
import type { Context } from "hono";
import { type BearerCheck, parseBearer } from "../auth/bearer.ts";
import { uniqueIdSchema } from "../auth/job-schemas.ts";
import type { Tickets } from "../auth/ticket.ts";
import { explain, type InspectedJob } from "../dashboard/job/explanation.ts";
import { estimateWait } from "../queue/fleet/freed-rate.ts";
import { enqueuedAt, generationOf, isSameRequest, isTicketOf, type Ticket } from "../queue/job/job.ts";
import type { Start } from "../queue/job/start.ts";
import { objectToOperator, parseWords } from "./operator-routes.ts";
import { parseQuery } from "./params.ts";
import { type GuestDeps, refuseTicket } from "./polls/take-route.ts";
import { comeBack, refuse, toResponse, unstored, writeEstimate } from "./problem.ts";

export interface JobsDeps extends GuestDeps {
  readonly callerOf: (c: Context) => string;
  /** called after a job was cancelled: whoever looks next sees it */
  readonly noteAct: () => void;
  readonly tickets: Tickets;
  readonly operators: BearerCheck;
}

type Caller =
  | { readonly kind: "known"; readonly profileKey: string; readonly ticket: Ticket | null }
  | { readonly kind: "refused"; readonly response: Response };

export function createJobsRoutes(deps: JobsDeps) {
  /** The job of the request, for whom it concerns. */
  const inspect = async (
    c: Context,
  ): Promise<InspectedJob | { readonly kind: "refused"; readonly response: Response }> => {
    const uniqueId = c.req.param("uniqueId") ?? "";
    const caller = await identify(deps, c, uniqueId);
    if (caller.kind === "refused") return caller;
    const reply = await deps.dispatcher.inspect(caller.profileKey, uniqueId);
    if (reply.kind === "unknown") return refused(refuse("job_unknown"));
    const { ticket } = caller;
    const isTheirs = ticket === null || isTicketOf(reply.job, ticket) || isSameRequest(ticket, reply.job);
    return isTheirs ? reply : refused(refuse("ticket_wrong"));
  };

  const show = async function showJob(c: Context): Promise<Response> {
    const inspected = await inspect(c);
    if (inspected.kind === "refused") return inspected.response;
    const { job, position, outlook, now } = inspected;
    const body = {
      unique_id: job.uniqueId,
      profile_key: job.profileKey,
      state: job.state,
      position,
      reason: outlook?.reason ?? null,
      estimate: writeEstimate(estimateWait(deps.dispatcher.freedRate(job.profileKey), outlook?.runnersBefore ?? null)),
      runner_count: job.runnerCount,
      runners_in_hand: job.state === "taken" ? job.runnerCount : (job.runnersInHand?.length ?? 0),
      qualified_repo: job.qualifiedRepo,
      run_id: job.runId,
      class: job.className ?? null,
      attempts: job.attempts,
      generation: generationOf(job),
      start: job.start === undefined ? null : showStart(job.start),
      enqueued_at: new Date(enqueuedAt(job.place)).toISOString(),
      waited_ms: Math.max(0, (job.endedAt ?? now) - enqueuedAt(job.place)),
    };
    return c.json(body, 200, unstored);
  };

  const why = async function explainJob(c: Context): Promise<Response> {
    const inspected = await inspect(c);
    if (inspected.kind === "refused") return inspected.response;
    const shares = await deps.dispatcher.explainShare(inspected.job);
    return c.json(explain(inspected, shares), 200, unstored);
  };

  const cancel = async function cancelJob(c: Context): Promise<Response> {
    const uniqueId = c.req.param("uniqueId") ?? "";
    const caller = await identify(deps, c, uniqueId);
    if (caller.kind === "refused") return caller.response;
    const { profileKey, ticket } = caller;
    const query = parseQuery(c);
    if (query.kind === "refused") return query.response;
    const canceller = ticket ?? parseWords(c, query.value);
    if (canceller instanceof Response) return canceller;
    const reply = await deps.dispatcher.cancel(profileKey, uniqueId, canceller);
    if (reply.kind === "cancelled") deps.noteAct();
    if (reply.kind === "unknown") return ticket === null ? refuse("job_unknown") : refuse("ticket_wrong");
    if (reply.kind === "over" && reply.state === "taken") return refuse("job_taken");
    const state = reply.kind === "over" ? reply.state : "cancelled";
    return c.json({ unique_id: uniqueId, profile_key: profileKey, state }, 200, unstored);
  };

  const rerun = async function rerunJob(c: Context): Promise<Response> {
    const uniqueId = c.req.param("uniqueId") ?? "";
    const caller = await identify(deps, c, uniqueId);
    if (caller.kind === "refused") return caller.response;
    const { profileKey, ticket } = caller;
    const query = parseQuery(c);
    if (query.kind === "refused") return query.response;
    const who = ticket ?? parseWords(c, query.value);
    if (who instanceof Response) return who;
    const reply = await deps.dispatcher.rerun(profileKey, uniqueId, who);
    switch (reply.kind) {
      case "unknown":
        return refuse("job_unknown");
      case "not_theirs":
        return refuse("ticket_wrong");
      case "not_served":
        return refuse("job_not_taken");
      case "settling":
        return comeBack("reconciling", 1);
      case "in_line": {
        const { job } = reply;
        const body = { unique_id: uniqueId, profile_key: profileKey, state: job.state, generation: generationOf(job) };
        return c.json(body, 200, unstored);
      }
    }
  };

  const expedite = async function expediteJob(c: Context): Promise<Response> {
    const objection = await objectToOperator(deps.operators, c.req.header("authorization"));
    if (objection !== null) return objection;
    const query = parseQuery(c, ["note", "by"]);
    if (query.kind === "refused") return query.response;
    const id = uniqueIdSchema.safeParse(c.req.param("uniqueId") ?? "");
    if (!id.success) return refuse("malformed_parameter", id.error.issues[0]?.message);
    const words = parseWords(c, query.value);
    if (words instanceof Response) return words;
    const profileKey = await deps.dispatcher.findProfile(id.data);
    const reply = profileKey === null ? null : await deps.dispatcher.expedite(profileKey, id.data, words);
    if (reply === null || reply.kind === "unknown") return refuse("job_unknown");
    if (reply.kind === "over") return refuse("job_over");
    deps.noteAct();
    const { profileKey: profile_key, state } = reply.job;
    return c.json({ unique_id: id.data, profile_key, state, expedited: true, ...words }, 200, unstored);
  };

  return { rerun, show, why, cancel, expedite };
}

/** What became of its reservation; several runners in one text each. */
function showStart({ state, since, runners }: Start) {
  const parts = runners.map((name) => [name.slice(name.indexOf("/") + 1), name.slice(0, name.indexOf("/"))] as const);
  return {
    state,
    runner: parts.map(([runner]) => runner).join(", "),
    monitor: [...new Set(parts.map(([, monitor]) => monitor))].join(", "),
    since: new Date(since).toISOString(),
  };
}

async function identify(deps: JobsDeps, c: Context, uniqueId: string): Promise<Caller> {
  const query = parseQuery(c);
  if (query.kind === "refused") return query;
  const id = uniqueIdSchema.safeParse(uniqueId);
  if (!id.success) return refused(refuse("malformed_parameter", id.error.issues[0]?.message));
  const bearer = parseBearer(c.req.header("authorization"));
  const text = query.value.get("token") ?? bearer;
  if (text === null) return refused(refuse("bearer_missing", "Or pass the ticket as the token parameter"));
  const ticket = await deps.tickets.verify(text);
  if (ticket?.uniqueId === uniqueId) return { kind: "known", profileKey: ticket.profileKey, ticket };
  if (bearer !== null && (await deps.operators.isKnown(bearer))) {
    const profileKey = await deps.dispatcher.findProfile(uniqueId);
    return profileKey === null ? refused(refuse("job_unknown")) : { kind: "known", profileKey, ticket: null };
  }
  if (bearer !== null && (await deps.operators.isKnownElsewhere(bearer))) return refused(refuse("not_an_operator"));
  return refused(toResponse(await refuseTicket(deps, () => deps.callerOf(c), uniqueId, false)));
}

function refused(response: Response): Extract<Caller, { kind: "refused" }> {
  return { kind: "refused", response };
}
