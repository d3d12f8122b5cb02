// POST /profile/<profile_key>/enqueue[/<runner_count>]: a job takes its place in line and gets its
// ticket.
import type { Context } from "hono";
import { createJobRequestSchema, parseJobRequest } from "../params.ts";
import { authoriseRequest, type CallerDeps, identifyCaller, recogniseBearer } from "./enqueue-caller.ts";
import { enqueueJob, type OutcomeDeps, replyTo, traceParentOf } from "./enqueue-outcome.ts";

export interface EnqueueDeps extends CallerDeps, OutcomeDeps {
  readonly maxRunnerCount: number;
}

export function createEnqueueRoute(deps: EnqueueDeps): (c: Context) => Promise<Response> {
  const schema = createJobRequestSchema(deps.maxRunnerCount);
  return async function enqueue(c) {
    const presented = await recogniseBearer(deps, c.req.header("authorization"));
    if (presented.kind === "refused") return replyTo(presented);
    const parsed = parseJobRequest(c, schema);
    if (parsed.kind === "refused") return parsed.response;
    const caller = await identifyCaller(deps, presented, parsed.value);
    if (caller.kind === "refused" || caller.kind === "later") return replyTo(caller);
    const authorised = authoriseRequest(deps, caller, parsed.value);
    if (authorised.kind === "refused") return replyTo(authorised);
    return replyTo(
      await enqueueJob(deps, authorised.request, { ...authorised.standing, traceParent: traceParentOf(deps, c) }),
    );
  };
}
