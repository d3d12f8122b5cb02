// POST /profile/<profile_key>/enqueue[/<runner_count>]: a job takes its place in line and gets its ticket. The bearer is one of API_TOKENS,
// or a workflow's own OIDC token, which speaks for its repository and run only.
import type { Context } from "hono";
import { isRepoAllowed } from "../auth/allowed-repos.ts";
import { type BearerCheck, parseBearer } from "../auth/bearer.ts";
import type { Tickets } from "../auth/ticket.ts";
import type { OidcCheck } from "../github/oidc.ts";
import type { Observe } from "../queue/events.ts";
import { type Estimate, estimateWait, type FreedRate, mostRunnersWithin } from "../queue/freed-rate.ts";
import type { JobRequest } from "../queue/job.ts";
import type { Store } from "../queue/ports.ts";
import { createJobRequestSchema, type EnqueueRequest, parseJobRequest } from "./params.ts";
import { comeBack, refuse, unstored, writeEstimate } from "./problem.ts";

export interface EnqueueDeps {
  readonly store: Store;
  readonly tickets: Tickets;
  readonly callers: BearerCheck;
  /** null: OIDC is off */
  readonly oidc: OidcCheck | null;
  readonly allowedRepos: readonly string[];
  readonly maxRunnerCount: number;
  readonly isFleetKnown: () => boolean;
  readonly freedRate: (profileKey: string) => FreedRate;
  /** somebody waits from now on */
  readonly noteWaiting: () => void;
  readonly observe: Observe;
}

export function createEnqueueRoute(deps: EnqueueDeps): (c: Context) => Promise<Response> {
  const schema = createJobRequestSchema(deps.maxRunnerCount);
  return async function enqueue(c) {
    const bearer = parseBearer(c.req.header("authorization"));
    if (bearer === null) return refuse("bearer_missing", undefined, { "www-authenticate": "Bearer" });
    const isOurs = await deps.callers.isKnown(bearer);
    if (!isOurs && !looksSigned(bearer)) return refuse("bearer_unknown");
    if (!isOurs && deps.oidc === null) return refuse("bearer_unknown", "OIDC tokens are not taken here");
    const request = parseJobRequest(c, schema);
    if (request.kind === "refused") return request.response;
    if (isOurs) return await enqueueJob(deps, request.value);
    const known = await identifyWorkflow(deps, bearer, request.value);
    return known instanceof Response ? known : await enqueueJob(deps, { ...request.value, qualifiedRepo: known });
  };
}

/** The job takes its place, whoever proved that it may. */
export async function enqueueJob(deps: EnqueueDeps, { maxWait, ...request }: EnqueueRequest): Promise<Response> {
  const rate = deps.freedRate(request.profileKey);
  const mostRunnersBefore = maxWait === undefined ? undefined : mostRunnersWithin(rate, maxWait * 1000);
  const reply = await deps.store.enqueue({ request, isFleetKnown: deps.isFleetKnown(), mostRunnersBefore });
  switch (reply.kind) {
    case "accepted": {
      const ticket = { ...request, place: reply.place };
      deps.noteWaiting();
      if (reply.isNew) deps.observe({ kind: "enqueued", job: ticket });
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

/** The repository as GitHub spells it, where the token is GitHub's word for this very repository and run, and it is one of ours. */
async function identifyWorkflow(deps: EnqueueDeps, bearer: string, request: JobRequest): Promise<Response | string> {
  const result = await deps.oidc?.verify(bearer);
  if (result === undefined) return refuse("bearer_unknown");
  if (result.kind === "trouble") {
    deps.observe({ kind: "github_trouble", why: result.why });
    return comeBack("github_unavailable", result.retryAfterSeconds);
  }
  if (result.kind === "refused") return refuse(result.code);
  if (result.repository.toLowerCase() !== request.qualifiedRepo.toLowerCase())
    return refuse("oidc_repository_mismatch");
  if (result.runId !== request.runId) return refuse("oidc_run_mismatch");
  if (!isRepoAllowed(deps.allowedRepos, request.qualifiedRepo)) return refuse("repository_not_allowed");
  return result.repository;
}
