// What comes of one enqueue: a ticket, a refusal for good, or "not now". As values, for one request
// asks for one job or for many.
import type { Context } from "hono";
import type { Tickets } from "../../auth/ticket.ts";
import type { BatchItem } from "../../dispatch/batch-enqueuer.ts";
import type { Dispatcher } from "../../dispatch/dispatcher.ts";
import type { EnqueueAnswer } from "../../dispatch/enqueuer.ts";
import { type Estimate, estimateWait, type FreedRate, maxRunnersWithin } from "../../queue/fleet/freed-rate.ts";
import type { JobRequest } from "../../queue/job/job.ts";
import { parseTraceParent } from "../../tracing/trace-parent.ts";
import type { EnqueueRequest } from "../params.ts";
import { comeBack, type ProblemCode, type RetryReason, refuse, unstored, writeEstimate } from "../problem.ts";

export interface Refused {
  readonly kind: "refused";
  readonly code: ProblemCode;
  readonly detail?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly members?: Readonly<Record<string, unknown>>;
}

export interface Later {
  readonly kind: "later";
  readonly reason: RetryReason;
  readonly afterSeconds: number;
}

export type EnqueueOutcome = { readonly kind: "ticket"; readonly ticket: string } | Refused | Later;

export interface OutcomeDeps {
  readonly dispatcher: Dispatcher;
  readonly tickets: Tickets;
  /** there is a webhook */
  readonly hearsGithub: boolean;
  /** a job keeps the traceparent of its enqueue */
  readonly isTraced: boolean;
}

/** Who asks, as far as it matters to the job. */
export interface Standing {
  /** they speak for this repository only, and are held to its limits */
  readonly isCounted: boolean;
  /** the class follows from their claims: a job that is in line keeps the one that it has */
  readonly isClassProven: boolean;
  /** which trace they are part of; undefined: none, or traces are off */
  readonly traceParent?: string | undefined;
}

/** The traceparent of a request, where somebody will read it. */
export function traceParentOf({ isTraced }: Pick<OutcomeDeps, "isTraced">, c: Context): string | undefined {
  if (!isTraced) return undefined;
  const header = c.req.header("traceparent");
  return parseTraceParent(header) === null ? undefined : header;
}

/** The job takes its place, whoever proved that it may. */
export async function enqueueJob(
  deps: OutcomeDeps,
  asked: EnqueueRequest,
  standing: Standing,
): Promise<EnqueueOutcome> {
  const terms = termsOf(deps, asked, standing);
  if (terms.kind === "refused") return terms;
  return await outcomeOf(deps, terms.request, await deps.dispatcher.enqueue(terms.request, terms.options));
}

/** A request apart: what is asked for, and on which terms. */
export function termsOf(
  { dispatcher, hearsGithub }: Pick<OutcomeDeps, "dispatcher" | "hearsGithub">,
  { maxWait, presence, runAttempt, ...request }: EnqueueRequest,
  standing: Standing,
): ({ readonly kind: "terms" } & BatchItem) | Refused {
  const isDetached = presence === "github";
  if (isDetached && !hearsGithub) {
    return { kind: "refused", code: "malformed_parameter", detail: "presence: this queue does not hear GitHub" };
  }
  const rate = dispatcher.freedRate(request.profileKey);
  const maxRunnersBefore = maxWait === undefined ? undefined : maxRunnersWithin(rate, maxWait * 1000);
  return { kind: "terms", request, options: { maxRunnersBefore, isDetached, runAttempt, ...standing } };
}

/** What the queue's answer means to the caller. */
export async function outcomeOf(
  { dispatcher, tickets }: Pick<OutcomeDeps, "dispatcher" | "tickets">,
  request: JobRequest,
  answer: EnqueueAnswer,
): Promise<EnqueueOutcome> {
  if (answer.kind !== "accepted") return objectionOf(answer, dispatcher.freedRate(request.profileKey));
  const { place, share, className } = answer;
  return { kind: "ticket", ticket: await tickets.issue({ ...request, className, place, share }) };
}

/** The reply to a request for one job. */
export function replyTo(outcome: EnqueueOutcome): Response {
  switch (outcome.kind) {
    case "ticket": {
      const headers = { "content-type": "text/plain; charset=utf-8", ...unstored };
      return new Response(outcome.ticket, { status: 200, headers });
    }
    case "refused":
      return refuse(outcome.code, outcome.detail, outcome.headers, outcome.members);
    case "later":
      return comeBack(outcome.reason, outcome.afterSeconds);
  }
}

function objectionOf(answer: Exclude<EnqueueAnswer, { kind: "accepted" }>, rate: FreedRate): Refused | Later {
  switch (answer.kind) {
    case "conflict":
      return { kind: "refused", code: "id_conflict" };
    case "id_used":
      return { kind: "refused", code: "id_used" };
    case "unsatisfiable": {
      const { targets } = answer;
      const detail =
        targets === 0 ? "No monitor keeps this profile: check its name" : `The monitors keep ${targets} of them in all`;
      return { kind: "refused", code: "unsatisfiable", detail };
    }
    case "class_unknown":
      return { kind: "refused", code: "class_unknown" };
    case "above_limit": {
      const { scope, name, maxRunners } = answer.limit;
      const whose = scope === "class" ? `Jobs of class ${name}` : `Jobs of ${name}`;
      return { kind: "refused", code: "above_limit", detail: `${whose} may have ${maxRunners} runners at once` };
    }
    case "too_long":
      return refuseToWait(estimateWait(rate, answer.runnersBefore));
    case "fleet_unknown":
      return { kind: "later", reason: "fleet_unknown", afterSeconds: 1 };
    case "settling":
      return { kind: "later", reason: "reconciling", afterSeconds: 1 };
    case "full":
      return { kind: "later", reason: "queue_full", afterSeconds: 5 };
    case "run_full":
      return { kind: "later", reason: "run_queue_full", afterSeconds: 5 };
    case "repository_full":
      return { kind: "later", reason: "repository_queue_full", afterSeconds: 5 };
    case "too_many_remembered":
      return { kind: "later", reason: "too_many_remembered", afterSeconds: 5 };
  }
}

/** So that the workflow goes elsewhere now, and not when its time is over. */
function refuseToWait(estimate: Estimate | null): Refused {
  const detail =
    estimate === null ? undefined : `It would take ${estimate.lowSeconds} to ${estimate.highSeconds} seconds`;
  return { kind: "refused", code: "would_wait_too_long", detail, members: { estimate: writeEstimate(estimate) } };
}
