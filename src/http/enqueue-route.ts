// POST /profile/<profile_key>/enqueue[/<runner_count>]: a job takes its place in line and gets its
// ticket. The bearer is one of API_TOKENS (and speaks for the repositories that it is bound to, if
// any), or a workflow's own OIDC token, for its repository and run only.
import type { Context } from "hono";
import { isRepoAllowed } from "../auth/allowed-repos.ts";
import type { ApiTokenCheck } from "../auth/api-token.ts";
import { parseBearer } from "../auth/bearer.ts";
import type { Tickets } from "../auth/ticket.ts";
import type { Dispatcher } from "../dispatch/dispatcher.ts";
import type { OidcCheck, OidcResult } from "../github/oidc.ts";
import type { Observe } from "../queue/events.ts";
import { type Estimate, estimateWait, maxRunnersWithin } from "../queue/fleet/freed-rate.ts";
import type { JobRequest } from "../queue/job/job.ts";
import { createJobRequestSchema, type EnqueueRequest, parseJobRequest } from "./params.ts";
import { comeBack, type ProblemCode, refuse, unstored, writeEstimate } from "./problem.ts";

export interface EnqueueDeps {
  readonly dispatcher: Dispatcher;
  readonly tickets: Tickets;
  readonly apiTokens: ApiTokenCheck;
  /** null: OIDC is off */
  readonly oidc: OidcCheck | null;
  readonly allowedRepos: readonly string[];
  readonly maxRunnerCount: number;
  /** there is a webhook */
  readonly hearsGithub: boolean;
  readonly observe: Observe;
}

export function createEnqueueRoute(deps: EnqueueDeps): (c: Context) => Promise<Response> {
  const schema = createJobRequestSchema(deps.maxRunnerCount);
  return async function enqueue(c) {
    const bearer = parseBearer(c.req.header("authorization"));
    if (bearer === null) return refuse("bearer_missing", undefined, { "www-authenticate": "Bearer" });
    const caller = await deps.apiTokens.identify(bearer);
    if (caller === null && deps.oidc === null)
      return refuse("bearer_unknown", "This queue takes one of API_TOKENS here");
    if (caller === null && !looksSigned(bearer)) {
      return refuse("bearer_unknown", "This queue takes one of API_TOKENS here, or a workflow's OIDC token");
    }
    const request = parseJobRequest(c, schema);
    if (request.kind === "refused") return request.response;
    if (caller !== null) {
      const mayEnqueue = caller.maySpeakFor(request.value.qualifiedRepo);
      return mayEnqueue ? await enqueueJob(deps, request.value, caller.isBound) : refuse("token_not_for_repository");
    }
    const known = await identifyWorkflow(deps, bearer, request.value);
    return known instanceof Response ? known : await enqueueJob(deps, { ...request.value, qualifiedRepo: known }, true);
  };
}

/**
 * The job takes its place, whoever proved that it may.
 * @param isCounted whether the caller speaks for this repository only, and is held to its limits
 */
export async function enqueueJob(
  deps: EnqueueDeps,
  { maxWait, presence, runAttempt, ...request }: EnqueueRequest,
  isCounted: boolean,
): Promise<Response> {
  const isDetached = presence === "github";
  if (isDetached && !deps.hearsGithub)
    return refuse("malformed_parameter", "presence: this queue does not hear GitHub");
  const rate = deps.dispatcher.freedRate(request.profileKey);
  const maxRunnersBefore = maxWait === undefined ? undefined : maxRunnersWithin(rate, maxWait * 1000);
  const reply = await deps.dispatcher.enqueue(request, { maxRunnersBefore, isCounted, isDetached, runAttempt });
  switch (reply.kind) {
    case "accepted": {
      const ticket = { ...request, place: reply.place };
      const headers = { "content-type": "text/plain; charset=utf-8", ...unstored };
      return new Response(await deps.tickets.issue(ticket), { status: 200, headers });
    }
    case "conflict":
      return refuse("id_conflict");
    case "id_used":
      return refuse("id_used");
    case "unsatisfiable":
      return refuse(
        "unsatisfiable",
        reply.targets === 0
          ? "No monitor keeps this profile: check its name"
          : `The monitors keep ${reply.targets} of them in all`,
      );
    case "too_long":
      return refuseToWait(estimateWait(rate, reply.runnersBefore));
    case "fleet_unknown":
      return comeBack("fleet_unknown", 1);
    case "settling":
      return comeBack("reconciling", 1);
    case "full":
      return comeBack("queue_full", 5);
    case "run_full":
      return comeBack("run_queue_full", 5);
    case "repository_full":
      return comeBack("repository_queue_full", 5);
    case "too_many_remembered":
      return comeBack("too_many_remembered", 5);
  }
}

/** So that the workflow goes elsewhere now, and not when its time is over. */
function refuseToWait(estimate: Estimate | null): Response {
  const detail =
    estimate === null ? undefined : `It would take ${estimate.lowSeconds} to ${estimate.highSeconds} seconds`;
  return refuse("would_wait_too_long", detail, {}, { estimate: writeEstimate(estimate) });
}

/** Three parts, as a JWS has: anything else cannot be an OIDC token. */
function looksSigned(bearer: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]*$/.test(bearer);
}

/**
 * The repository as GitHub spells it, where the token is GitHub's word for this very repository and
 * run, and it is one of ours.
 */
async function identifyWorkflow(deps: EnqueueDeps, bearer: string, request: JobRequest): Promise<Response | string> {
  const result = await deps.oidc?.verify(bearer);
  if (result === undefined) return refuse("bearer_unknown", "This queue takes one of API_TOKENS here");
  if (result.kind === "trouble") {
    deps.observe({ kind: "github_trouble", why: result.why });
    return comeBack("github_unavailable", result.retryAfterSeconds);
  }
  const checked = result.kind === "refused" ? result : decideByClaims(result, request, deps.allowedRepos);
  if (checked.kind === "allowed") return checked.repository;
  deps.observe({ kind: "proof_refused", code: checked.code, request });
  return refuse(checked.code);
}

/** A good token may speak for somebody else, or for a repository that is none of ours. */
function decideByClaims(
  { repository, runId }: Extract<OidcResult, { kind: "claims" }>,
  request: JobRequest,
  allowedRepos: readonly string[],
): { kind: "allowed"; repository: string } | { kind: "refused"; code: ProblemCode } {
  if (repository.toLowerCase() !== request.qualifiedRepo.toLowerCase()) {
    return { kind: "refused", code: "oidc_repository_mismatch" };
  }
  if (runId !== request.runId) return { kind: "refused", code: "oidc_run_mismatch" };
  return isRepoAllowed(allowedRepos, request.qualifiedRepo)
    ? { kind: "allowed", repository }
    : { kind: "refused", code: "repository_not_allowed" };
}
