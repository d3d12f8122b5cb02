// The part of the OpenAPI description for a batch: many jobs of a run in one request.
import { z } from "zod";
import { runIdSchema } from "../../auth/job-schemas.ts";
import { oidcRefusals } from "../../github/oidc.ts";
import { createBatchSchema } from "../enqueue/batch-body.ts";
import { exampleBatch, exampleBatchAnswer, exampleJob } from "./examples.ts";
import { type Json, operation, optional, parameter, ref, refusals, reply, retries } from "./parts.ts";

/** @param maxRunnerCount the largest runner_count that is accepted */
export function describeBatchOperation(maxRunnerCount: number): Json {
  const { $schema: _, ...body } = z.toJSONSchema(createBatchSchema(maxRunnerCount), {
    unrepresentable: "any",
    io: "input",
  });
  return {
    "/runs/{run_id}/enqueue": {
      post: operation({
        id: "enqueueBatch",
        tag: "jobs",
        summary: "Take places for up to 100 jobs of a run, one after the other in each line",
        security: ["apiToken", "oidcToken"],
        parameters: [
          parameter("run_id", "path", runIdSchema, "The workflow run", exampleJob.run_id),
          optional(parameter("all", "query", z.enum(["0", "1"]), "1: all of them are in line, or none is", "1")),
        ],
        body: {
          required: true,
          content: { "application/json": { schema: body, examples: { two: { value: exampleBatch } } } },
        },
        responses: {
          200: reply("A ticket or a problem for each, in their order", "application/json", ref("BatchAnswer"), {
            answered: exampleBatchAnswer,
          }),
          ...refusals(
            "malformed_parameter",
            "repeated_parameter",
            "batch_malformed",
            "bearer_missing",
            "bearer_unknown",
            ...oidcRefusals,
            "body_too_large",
            "batch_refused",
          ),
          ...retries(429, "queue_full", "run_queue_full", "repository_queue_full", "too_many_remembered"),
          ...retries(503, "fleet_unknown", "reconciling", "store_unavailable", "github_unavailable"),
        },
      }),
    },
  };
}
