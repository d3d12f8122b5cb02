// POST /runs/<run_id>/enqueue: the jobs of a run take places that follow one another in each line.
// Each gets a ticket or a problem; with `all=1` all get tickets, or none does. "Not now" to one is
// "not now" to all: nothing is enqueued then.
import type { Context } from "hono";
import type { BatchItem } from "../../dispatch/batch-enqueuer.ts";
import { type EnqueueRequest, parseQuery } from "../params.ts";
import { describeProblem, refuse, unstored } from "../problem.ts";
import { createBatchSchema, parseBatch } from "./batch-body.ts";
import { authoriseRequest, type EnqueueCaller, identifyCaller, recogniseBearer } from "./enqueue-caller.ts";
import {
  type EnqueueOutcome,
  type Later,
  outcomeOf,
  type Refused,
  replyTo,
  termsOf,
  traceParentOf,
} from "./enqueue-outcome.ts";
import type { EnqueueDeps } from "./enqueue-route.ts";

type Terms = ({ readonly kind: "terms" } & BatchItem) | Refused;

export function createBatchRoute(deps: EnqueueDeps): (c: Context) => Promise<Response> {
  const schema = createBatchSchema(deps.maxRunnerCount);

  const judge = (caller: EnqueueCaller, asked: EnqueueRequest, traceParent: string | undefined): Terms => {
    const authorised = authoriseRequest(deps, caller, asked);
    return authorised.kind === "refused"
      ? authorised
      : termsOf(deps, authorised.request, { ...authorised.standing, traceParent });
  };

  /** What comes of each job; null: nothing stands in its way, and yet it is not in line. */
  const enqueueAll = async (
    judged: readonly Terms[],
    isAllWanted: boolean,
  ): Promise<Later | readonly (Exclude<EnqueueOutcome, Later> | null)[]> => {
    const items = judged.filter((one) => one.kind === "terms");
    if (isAllWanted && items.length < judged.length) return judged.map((one) => (one.kind === "refused" ? one : null));
    const reply = await deps.dispatcher.enqueueTogether(items, isAllWanted);
    const outcomes = await Promise.all(
      items.map(async ({ request }, at) => {
        const answer = reply.answers[at] ?? null;
        if (answer === null || (reply.kind === "none" && answer.kind === "accepted")) return null;
        return await outcomeOf(deps, request, answer);
      }),
    );
    const rest = outcomes.values();
    const all = judged.map((one) => (one.kind === "refused" ? one : (rest.next().value ?? null)));
    const later = all.find((one) => one?.kind === "later");
    return later?.kind === "later" ? later : all.filter((one) => one?.kind !== "later");
  };

  return async function enqueueBatch(c) {
    const presented = await recogniseBearer(deps, c.req.header("authorization"));
    if (presented.kind === "refused") return replyTo(presented);
    const query = parseQuery(c, ["all"]);
    if (query.kind === "refused") return query.response;
    const wanted = query.value.get("all") ?? "0";
    if (wanted !== "0" && wanted !== "1") return refuse("malformed_parameter", "all: 1, or left out");
    const parsed = await parseBatch(c, schema);
    if (parsed.kind === "refused") return parsed.response;
    const [first] = parsed.value;
    if (first === undefined) return refuse("batch_malformed");
    const caller = await identifyCaller(deps, presented, first);
    if (caller.kind === "refused" || caller.kind === "later") return replyTo(caller);

    const isAllWanted = wanted === "1";
    const traceParent = traceParentOf(deps, c);
    const judged = parsed.value.map((asked) => judge(caller, asked, traceParent));
    const outcomes = await enqueueAll(judged, isAllWanted);
    if ("kind" in outcomes) return replyTo(outcomes);
    const jobs = parsed.value.map(({ uniqueId }, at) => ({ unique_id: uniqueId, ...describe(outcomes[at] ?? null) }));
    if (isAllWanted && outcomes.some((one) => one?.kind !== "ticket")) {
      return refuse("batch_refused", undefined, {}, { jobs });
    }
    const headers = { "content-type": "application/json", ...unstored };
    return new Response(`${JSON.stringify({ jobs })}\n`, { status: 200, headers });
  };
}

function describe(outcome: Exclude<EnqueueOutcome, Later> | null) {
  if (outcome === null) return {};
  if (outcome.kind === "ticket") return { ticket: outcome.ticket };
  return { problem: describeProblem(outcome.code, outcome.detail, outcome.members) };
}
