// Who enqueues by a bearer, and for whom: whoever has one of API_TOKENS (for the repositories that
// it is bound to, if any), or a workflow by its own OIDC token, for its repository and run only.
import { isRepoAllowed } from "../../auth/allowed-repos.ts";
import type { ApiCaller, ApiTokenCheck } from "../../auth/api-token.ts";
import { parseBearer } from "../../auth/bearer.ts";
import type { OidcCheck, OidcResult } from "../../github/oidc.ts";
import type { Observe } from "../../queue/events.ts";
import type { JobRequest } from "../../queue/job/job.ts";
import { resolveClass } from "../../queue/policy/class-claims.ts";
import type { Policy } from "../../queue/policy/policy.ts";
import type { EnqueueRequest } from "../params.ts";
import type { ProblemCode } from "../problem.ts";
import type { Later, Refused, Standing } from "./enqueue-outcome.ts";

export interface CallerDeps {
  readonly apiTokens: ApiTokenCheck;
  /** null: OIDC is off */
  readonly oidc: OidcCheck | null;
  readonly allowedRepos: readonly string[];
  /** the policy of now */
  readonly policy: () => Policy | undefined;
  readonly observe: Observe;
}

type OidcClaims = Extract<OidcResult, { kind: "claims" }>;

/** What a bearer is at first sight. A workflow's is not verified yet. */
export type Presented =
  | { readonly kind: "api_token"; readonly caller: ApiCaller }
  | { readonly kind: "workflow"; readonly oidc: OidcCheck; readonly bearer: string };

export type EnqueueCaller =
  | { readonly kind: "api_token"; readonly caller: ApiCaller }
  | { readonly kind: "workflow"; readonly claims: OidcClaims };

export interface Authorised {
  readonly kind: "authorised";
  /** as asked, with what the caller's claims say in its place */
  readonly request: EnqueueRequest;
  readonly standing: Standing;
}

/** Before anything else of the request is looked at. */
export async function recogniseBearer(deps: CallerDeps, header: string | undefined): Promise<Presented | Refused> {
  const bearer = parseBearer(header);
  if (bearer === null) return { kind: "refused", code: "bearer_missing", headers: { "www-authenticate": "Bearer" } };
  const caller = await deps.apiTokens.identify(bearer);
  if (caller !== null) return { kind: "api_token", caller };
  const { oidc } = deps;
  if (oidc === null)
    return { kind: "refused", code: "bearer_unknown", detail: "This queue takes one of API_TOKENS here" };
  if (looksSigned(bearer)) return { kind: "workflow", oidc, bearer };
  const detail = "This queue takes one of API_TOKENS here, or a workflow's OIDC token";
  return { kind: "refused", code: "bearer_unknown", detail };
}

/** @param request for the log: what is asked for, the first job of many */
export async function identifyCaller(
  deps: CallerDeps,
  presented: Presented,
  request: EnqueueRequest,
): Promise<EnqueueCaller | Refused | Later> {
  if (presented.kind === "api_token") return presented;
  const result = await presented.oidc.verify(presented.bearer);
  switch (result.kind) {
    case "claims":
      return { kind: "workflow", claims: result };
    case "trouble":
      deps.observe({ kind: "github_trouble", why: result.why });
      return { kind: "later", reason: "github_unavailable", afterSeconds: result.retryAfterSeconds };
    case "refused":
      deps.observe({ kind: "proof_refused", code: result.code, request });
      return { kind: "refused", code: result.code };
  }
}

/** Whether the caller may enqueue this very job. */
export function authoriseRequest(
  deps: CallerDeps,
  caller: EnqueueCaller,
  request: EnqueueRequest,
): Authorised | Refused {
  const { className } = request;
  if (caller.kind === "api_token") {
    const { isBound, maySpeakFor } = caller.caller;
    if (!maySpeakFor(request.qualifiedRepo)) return { kind: "refused", code: "token_not_for_repository" };
    return { kind: "authorised", request, standing: { isCounted: isBound, isClassProven: false } };
  }
  const code = decideByClaims(caller.claims, request, deps.allowedRepos);
  if (code !== null) {
    deps.observe({ kind: "proof_refused", code, request });
    return { kind: "refused", code };
  }
  if (className !== undefined) return { kind: "refused", code: "class_not_yours" };
  const { repository, ofClass } = caller.claims;
  return {
    kind: "authorised",
    // as GitHub spells it
    request: { ...request, qualifiedRepo: repository, className: resolveClass(deps.policy(), ofClass) },
    standing: { isCounted: true, isClassProven: true },
  };
}

/** A good token may speak for somebody else, or for a repository that is none of ours. */
function decideByClaims(
  { repository, runId }: OidcClaims,
  request: JobRequest,
  allowedRepos: readonly string[],
): ProblemCode | null {
  if (repository.toLowerCase() !== request.qualifiedRepo.toLowerCase()) return "oidc_repository_mismatch";
  if (runId !== request.runId) return "oidc_run_mismatch";
  return isRepoAllowed(allowedRepos, request.qualifiedRepo) ? null : "repository_not_allowed";
}

/** Three parts, as a JWS has: anything else cannot be an OIDC token. */
function looksSigned(bearer: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]*$/.test(bearer);
}
