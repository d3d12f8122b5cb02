// POST /enqueue: a job takes its place without any secret; an artifact that its run uploaded proves
// who asks, and names the profile.
import type { Context } from "hono";
import { isRepoAllowed } from "../../auth/allowed-repos.ts";
import type { ArtifactCheck } from "../../github/artifact-check.ts";
import { createJobRequestSchema, createProofRequestSchema, parseProofRequest } from "../params.ts";
import { comeBack, refuse } from "../problem.ts";
import { enqueueJob, replyTo, traceParentOf } from "./enqueue-outcome.ts";
import type { EnqueueDeps } from "./enqueue-route.ts";

export interface TokenlessDeps extends EnqueueDeps {
  readonly artifacts: ArtifactCheck;
  readonly callerOf: (c: Context) => string;
}

export function createTokenlessRoute(deps: TokenlessDeps): (c: Context) => Promise<Response> {
  const asked = createProofRequestSchema();
  const proven = createJobRequestSchema(deps.maxRunnerCount);
  return async function enqueueTokenless(c) {
    const parsed = parseProofRequest(c, asked);
    if (parsed.kind === "refused") return parsed.response;
    const request = parsed.value;
    if (request.className !== undefined) return refuse("class_not_yours");
    if (deps.allowedRepos.length === 0) return refuse("tokenless_off");
    if (!isRepoAllowed(deps.allowedRepos, request.qualifiedRepo)) return refuse("repository_not_allowed");

    const result = await deps.artifacts.prove(request, deps.callerOf(c));
    switch (result.kind) {
      case "trouble":
        return comeBack("github_unavailable", result.retryAfterSeconds);
      case "limited":
        return comeBack(result.scope === "caller" ? "too_many_lookups" : "lookups_busy", result.retryAfterSeconds);
      case "refused":
        return refuse(result.code, result.detail);
      case "proven": {
        const { profileKey, runnerCount, qualifiedRepo } = result;
        const { uniqueId, runId, maxWait, presence, runAttempt } = request;
        const named = { uniqueId, runId, qualifiedRepo, profileKey, runnerCount };
        const job = proven.safeParse(named);
        if (job.success) {
          const asked = { ...job.data, maxWait, presence, runAttempt };
          return replyTo(
            await enqueueJob(deps, asked, {
              isCounted: true,
              isClassProven: true,
              traceParent: traceParentOf(deps, c),
            }),
          );
        }
        return refuse("artifact_malformed", job.error.issues.map(({ message }) => message).join("; "));
      }
    }
  };
}
