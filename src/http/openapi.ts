// The OpenAPI description, made from the same schemas and status table that the routes use. A test holds it against the routes.
import { z } from "zod";
import { profileKeySchema, qualifiedRepoSchema, runIdSchema, uniqueIdSchema } from "../auth/job-schemas.ts";
import { proofRefusals } from "../github/artifact-proof.ts";
import { oidcRefusals } from "../github/oidc.ts";
import { jobStates } from "../queue/job.ts";
import { waitReasons } from "../queue/rank-gate.ts";
import { dashboardSchemas, describeOperatorRoutes } from "./openapi-operators.ts";
import { parameter, refusals, reply, retries } from "./openapi-parts.ts";
import { codeVerifierSchema } from "./params.ts";
import type { ProblemCode, RetryReason } from "./problem.ts";
import { problems } from "./problem.ts";

type Json = Record<string, unknown>;

/** @param maxRunnerCount the largest runner_count that is accepted */
export function describeApi(maxRunnerCount: number, version: string): Json {
  const id = parameter("unique_id", "path", uniqueIdSchema, "The job's id, chosen by the caller");
  const ticket = { ...parameter("token", "query", z.string(), "The ticket; or send it as a bearer"), required: false };
  const wait = {
    ...parameter("wait", "query", z.int().min(0), "Seconds to hold the request; a Prefer: wait= header does the same"),
    required: false,
  };
  const maxWait = {
    ...parameter("max_wait", "query", z.int().min(0), "Seconds that the caller is willing to wait in all"),
    required: false,
  };
  const asked = [
    parameter("profile_key", "path", profileKeySchema, "The kind of runner"),
    parameter("unique_id", "query", uniqueIdSchema, "The job's id, chosen by the caller"),
    parameter("qualified_repo", "query", qualifiedRepoSchema, "owner/repo"),
    parameter("run_id", "query", runIdSchema, "The workflow run"),
    maxWait,
  ];
  const count = parameter("runner_count", "path", z.int().min(1).max(maxRunnerCount), "How many runners, all at once");
  const verifier = {
    ...parameter(
      "code_verifier",
      "query",
      codeVerifierSchema,
      "Matches the artifact's code_challenge (RFC 7636, S256)",
    ),
    required: false,
  };
  const byBearer = enqueueReplies(
    [
      "bearer_missing",
      "bearer_unknown",
      "token_not_for_repository",
      ...oidcRefusals,
      "oidc_repository_mismatch",
      "oidc_run_mismatch",
    ],
    [],
    [],
  );
  const byArtifact = enqueueReplies(["tokenless_off", ...proofRefusals], ["too_many_lookups"], ["lookups_busy"]);
  const bearer = [{ bearer: [] }];
  const ticketRefusals = refusals(
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
  const cancelled = {
    200: reply("The job is over", "application/json", {
      type: "object",
      properties: { state: { enum: jobStates } },
    }),
    ...jobRefusals,
    ...refusals("job_taken"),
    ...retries(503, "store_unavailable"),
  };
  return {
    openapi: "3.1.0",
    info: { title: "runner-queue", version, description: "One fair line in front of all self-hosted CI runners." },
    components: {
      securitySchemes: { bearer: { type: "http", scheme: "bearer" } },
      schemas: { Problem: problemSchema, Job: jobSchema, ...dashboardSchemas },
    },
    paths: {
      "/profile/{profile_key}/enqueue": {
        post: {
          summary: "Take a place in line for one runner",
          security: bearer,
          parameters: asked,
          responses: byBearer,
        },
      },
      "/profile/{profile_key}/enqueue/{runner_count}": {
        post: {
          summary: "Take a place in line for several runners",
          security: bearer,
          parameters: [...asked, count],
          responses: byBearer,
        },
      },
      "/enqueue": {
        post: {
          summary: "Take a place in line, proven by an artifact of the run, which names profile and count",
          parameters: [...asked.slice(1), verifier],
          responses: byArtifact,
        },
      },
      "/take/{unique_id}": {
        post: {
          summary: "Ask whether it is the job's turn",
          parameters: [id, ticket, wait],
          responses: {
            200: reply(
              "The reserved runner (a list for several), or null: taking failed for good",
              "application/json",
              {},
            ),
            ...ticketRefusals,
            ...retries(503, ...waitReasons, "store_unavailable"),
          },
        },
      },
      "/jobs/{unique_id}": {
        get: {
          summary: "How a job stands",
          parameters: [id, ticket],
          responses: {
            200: reply("The job", "application/json", { $ref: "#/components/schemas/Job" }),
            ...jobRefusals,
            ...retries(503, "store_unavailable"),
          },
        },
        delete: {
          summary: "Give the job's place up",
          parameters: [id, ticket],
          responses: cancelled,
        },
      },
      "/jobs/{unique_id}/cancel": {
        post: {
          summary: "The same as DELETE, for whoever cannot send that",
          parameters: [id, ticket],
          responses: cancelled,
        },
      },
      ...describeOperatorRoutes(bearer),
      "/healthz": {
        get: { summary: "The process is alive", responses: { 200: reply("ok", "text/plain", { type: "string" }) } },
      },
      "/readyz": {
        get: {
          summary: "The store answers and every monitor was asked once",
          responses: {
            200: reply("ready", "text/plain", { type: "string" }),
            ...retries(503, "starting", "draining", "store_unavailable"),
          },
        },
      },
      "/openapi.json": {
        get: {
          summary: "This description",
          responses: { 200: reply("OpenAPI 3.1", "application/json", { type: "object" }) },
        },
      },
    },
  };
}

const problemSchema: Json = {
  type: "object",
  required: ["type", "title", "status", "code"],
  properties: {
    type: { type: "string" },
    title: { type: "string" },
    status: { type: "integer" },
    code: { enum: Object.keys(problems) },
    detail: { type: "string" },
  },
};

const jobSchema: Json = {
  type: "object",
  properties: {
    unique_id: { type: "string" },
    profile_key: { type: "string" },
    state: { enum: jobStates },
    position: { type: ["integer", "null"], description: "1 = next; null unless queued" },
    reason: {
      type: ["string", "null"],
      description: "Why it waits, as X-Queue-Reason; asleep; your_turn; null once it is over",
    },
    estimate: {
      type: ["object", "null"],
      description: "How much longer it may take, by the rate at which runners came free; null: unknown",
      properties: { low_seconds: { type: "integer" }, high_seconds: { type: "integer" } },
    },
    runner_count: { type: "integer" },
    runners_in_hand: { type: "integer" },
    qualified_repo: { type: "string" },
    run_id: { type: "string" },
    attempts: { type: "integer" },
    enqueued_at: { type: "string", format: "date-time" },
    waited_ms: { type: "integer" },
  },
};

/** What every enqueue may reply, and what its own way of proving adds. */
function enqueueReplies(codes: ProblemCode[], slowDown: RetryReason[], busy: RetryReason[]): Json {
  return {
    200: reply("The ticket, without a newline", "text/plain", { type: "string" }),
    ...refusals(
      "malformed_parameter",
      "repeated_parameter",
      "repository_not_allowed",
      ...codes,
      "id_conflict",
      "id_used",
      "body_too_large",
      "unsatisfiable",
      "would_wait_too_long",
    ),
    ...retries(429, "queue_full", ...slowDown),
    ...retries(503, "fleet_unknown", "reconciling", "store_unavailable", "github_unavailable", ...busy),
  };
}
