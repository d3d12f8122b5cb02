// The part of the OpenAPI description for workflow steps: enqueue, take, look, cancel.
import { z } from "zod";
import {
  classNameSchema,
  maxRunnersOfAnyJob,
  profileKeySchema,
  qualifiedRepoSchema,
  runIdSchema,
  uniqueIdSchema,
} from "../../auth/job-schemas.ts";
import { proofRefusals } from "../../github/artifact-proof.ts";
import { oidcRefusals } from "../../github/oidc.ts";
import { waitReasons } from "../../queue/line/turn.ts";
import { codeVerifierSchema, maxSeconds } from "../params.ts";
import type { ProblemCode, RetryReason } from "../problem.ts";
import {
  exampleAnswers,
  exampleCancelled,
  exampleExpedited,
  exampleExplanation,
  exampleJob,
  exampleRerun,
  exampleTicket,
} from "./examples.ts";
import { type Json, operation, optional, parameter, ref, refusals, reply, retries } from "./parts.ts";

const seconds = z.int().min(0).max(maxSeconds);
const { unique_id: uniqueId, profile_key: profileKey, qualified_repo: repo, run_id: runId } = exampleJob;

const id = parameter("unique_id", "path", uniqueIdSchema, "The job's id, chosen by the caller", uniqueId);
const job = [
  parameter("unique_id", "query", uniqueIdSchema, "The job's id, chosen by the caller", uniqueId),
  parameter("qualified_repo", "query", qualifiedRepoSchema, "owner/repo", repo),
  parameter("run_id", "query", runIdSchema, "The workflow run", runId),
  optional(
    parameter(
      "presence",
      "query",
      z.literal("github"),
      "Nobody will poll: GitHub says how long the job waits",
      "github",
    ),
  ),
  optional(
    parameter("run_attempt", "query", z.int().min(1), "The run's attempt: a higher one than before is served again", 2),
  ),
  optional(parameter("max_wait", "query", seconds, "Seconds that the caller is willing to wait in all", 600)),
];
const ofClass = optional(
  parameter("class", "query", classNameSchema, "A class of POLICY_FILE; bearers of API_TOKENS only", "merge"),
);
const profile = parameter("profile_key", "path", profileKeySchema, "The kind of runner", profileKey);
const wait = optional(
  parameter(
    "wait",
    "query",
    seconds,
    "Seconds to hold the request, at most MAX_WAIT; a `Prefer: wait=` header does the same",
    25,
  ),
);
const verifier = optional(
  parameter(
    "code_verifier",
    "query",
    codeVerifierSchema,
    "Matches the artifact's code_challenge (RFC 7636, S256)",
    "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
  ),
);

/** @param maxRunnerCount the largest runner_count that is accepted */
export function describeJobOperations(maxRunnerCount: number): Json {
  const most = Math.min(maxRunnerCount, maxRunnersOfAnyJob);
  const count = parameter("runner_count", "path", z.int().min(1).max(most), "How many runners, all at once", most);
  const enqueue = { tag: "jobs", security: ["apiToken", "oidcToken"], responses: byBearer } as const;
  const ofJob = { tag: "jobs", security: ["ticket", "ticketBearer", "operatorToken"], parameters: [id] } as const;
  return {
    "/profile/{profile_key}/enqueue": {
      post: operation({
        ...enqueue,
        id: "enqueueJob",
        summary: "Take a place in line for one runner",
        parameters: [profile, ...job, ofClass],
      }),
    },
    "/profile/{profile_key}/enqueue/{runner_count}": {
      post: operation({
        ...enqueue,
        id: "enqueueJobForSeveral",
        summary: "Take a place in line for several runners",
        parameters: [profile, count, ...job, ofClass],
      }),
    },
    "/enqueue": {
      post: operation({
        ...enqueue,
        id: "enqueueJobByArtifact",
        summary: "Take a place in line, proven by an artifact of the run, which names profile and count",
        security: ["none"],
        parameters: [...job, verifier],
        responses: byArtifact,
      }),
    },
    "/take/{unique_id}": {
      post: operation({
        id: "takeRunners",
        tag: "jobs",
        summary: "Ask whether it is the job's turn",
        security: ["ticket", "ticketBearer"],
        parameters: [id, wait],
        responses: {
          200: reply(
            "The reserved runner (a list for several), or null: taking failed for good",
            "application/json",
            ref("TakeAnswer"),
            exampleAnswers,
          ),
          ...takeRefusals,
          ...retries(429, "too_many_guesses"),
          ...retries(503, ...waitReasons, "store_unavailable"),
        },
      }),
    },
    "/jobs/{unique_id}": {
      get: operation({
        ...ofJob,
        id: "showJob",
        summary: "How a job stands",
        responses: {
          200: {
            description: "The job; to a browser that shows no ticket, its page",
            content: {
              "application/json": { schema: ref("Job"), examples: { waiting: { value: exampleJob } } },
              "text/html": { schema: { type: "string" }, examples: { page: { value: "<!doctype html>..." } } },
            },
          },
          ...jobRefusals,
          ...jobRetries,
        },
      }),
      delete: operation({ ...ofJob, id: "cancelJob", summary: "Give the job's place up", responses: cancelled }),
    },
    "/jobs/{unique_id}/explain": {
      get: operation({
        ...ofJob,
        id: "explainJob",
        summary: "Why a job waits, or waited: each stretch of its wait, and what monitors said",
        responses: {
          200: reply("Why", "application/json", ref("Explanation"), { waiting: exampleExplanation }),
          ...jobRefusals,
          ...jobRetries,
        },
      }),
    },
    "/jobs/{unique_id}/rerun": {
      post: operation({
        ...ofJob,
        id: "rerunJob",
        summary: "A job that had its runners is re-run at GitHub, and needs them again",
        responses: {
          200: reply("It is in line", "application/json", ref("Rerun"), { again: exampleRerun }),
          ...jobRefusals,
          ...refusals("job_not_taken"),
          ...jobRetries,
          ...retries(503, "reconciling", "store_unavailable"),
        },
      }),
    },
    "/jobs/{unique_id}/expedite": {
      post: operation({
        id: "expediteJob",
        tag: "operators",
        summary: "An operator puts a job to the front of its profile's line",
        security: ["operatorToken"],
        parameters: [
          id,
          optional(parameter("note", "query", z.string(), "Why, for the history", "release")),
          optional(parameter("by", "query", z.string(), "Who, for the history", "ana")),
        ],
        responses: {
          200: reply("It is at the front", "application/json", ref("Expedited"), { first: exampleExpedited }),
          ...refusals(
            "malformed_parameter",
            "repeated_parameter",
            "bearer_missing",
            "bearer_unknown",
            "not_an_operator",
            "job_unknown",
            "job_over",
          ),
          ...retries(503, "store_unavailable"),
        },
      }),
    },
    "/jobs/{unique_id}/cancel": {
      post: operation({
        ...ofJob,
        id: "cancelJobByPost",
        summary: "The same as DELETE, for whoever cannot send that",
        responses: cancelled,
      }),
    },
  };
}

const byBearer = enqueueReplies(
  [
    "bearer_missing",
    "bearer_unknown",
    "token_not_for_repository",
    "class_unknown",
    ...oidcRefusals,
    "oidc_repository_mismatch",
    "oidc_run_mismatch",
  ],
  [],
  [],
);
const byArtifact = enqueueReplies(["tokenless_off", ...proofRefusals], ["too_many_lookups"], ["lookups_busy"]);

const takeRefusals = refusals(
  "malformed_parameter",
  "repeated_parameter",
  "ticket_missing",
  "ticket_wrong",
  "job_unknown",
  "job_abandoned",
  "job_cancelled",
  "answer_expired",
  "ticket_expired",
  "body_too_large",
);
const jobRefusals = refusals(
  "malformed_parameter",
  "repeated_parameter",
  "bearer_missing",
  "not_an_operator",
  "ticket_wrong",
  "job_unknown",
  "body_too_large",
);
const jobRetries = { ...retries(429, "too_many_guesses"), ...retries(503, "store_unavailable") };
const cancelled = {
  200: reply("The job is over", "application/json", ref("CancelledJob"), { cancelled: exampleCancelled }),
  ...jobRefusals,
  ...refusals("job_taken"),
  ...jobRetries,
};

/** What every enqueue may reply, and what its own way of proving adds. */
function enqueueReplies(codes: ProblemCode[], slowDown: RetryReason[], busy: RetryReason[]): Json {
  const ticket = { type: "string", pattern: "^[\\w-]+\\.[\\w-]+\\.[\\w-]+$", maxLength: 1024 };
  return {
    200: reply("The ticket, without a newline", "text/plain", ticket, { ticket: exampleTicket }),
    ...refusals(
      "malformed_parameter",
      "repeated_parameter",
      "class_not_yours",
      "repository_not_allowed",
      ...codes,
      "id_conflict",
      "id_used",
      "body_too_large",
      "unsatisfiable",
      "above_limit",
      "would_wait_too_long",
    ),
    ...retries(429, "queue_full", "run_queue_full", "repository_queue_full", "too_many_remembered", ...slowDown),
    ...retries(503, "fleet_unknown", "reconciling", "store_unavailable", "github_unavailable", ...busy),
  };
}
