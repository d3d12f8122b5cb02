// The OpenAPI description, made from the same schemas and status table that the routes use. Tests
// hold it against the routes, and their replies against it.
import { maxRunnersOfAnyJob } from "../auth/job-schemas.ts";
import { describeBatchOperation } from "./openapi/batch-operation.ts";
import { githubOperations } from "./openapi/github-operations.ts";
import { describeJobOperations } from "./openapi/job-operations.ts";
import { lineOperation, lineSchemas } from "./openapi/line-operation.ts";
import { monitorOperations } from "./openapi/monitor-operations.ts";
import { describeOperatorOperations } from "./openapi/operator-operations.ts";
import { type Json, operation, refusals, reply, retries, securitySchemes, tags } from "./openapi/parts.ts";
import { policyOperation, policySchemas } from "./openapi/policy-operation.ts";
import { dashboardSchemas, jobSchemas, problemSchema } from "./openapi/schemas.ts";

const about = [
  "One fair line in front of all self-hosted CI runners.",
  "Every status that `curl --retry` retries has an empty body; what it is about is in X-Queue-Reason. Every final refusal is `application/problem+json`.",
  "Any operation may be answered 503 `too_many_connections` before the request is read, or 500 `internal_error`, which is a bug.",
].join(" ");

/**
 * @param maxRunnerCount the largest runner_count that is accepted
 * @param basePath what all routes lie under
 */
export function describeApi(maxRunnerCount: number, version: string, basePath = "/"): Json {
  return {
    openapi: "3.1.0",
    info: {
      title: "runner-queue",
      version,
      description: about,
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: basePath, description: "This queue" }],
    tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
    components: {
      securitySchemes,
      schemas: { Problem: problemSchema, ...jobSchemas, ...dashboardSchemas, ...lineSchemas, ...policySchemas },
    },
    paths: {
      ...describeJobOperations(maxRunnerCount),
      ...describeBatchOperation(Math.min(maxRunnerCount, maxRunnersOfAnyJob)),
      ...describeOperatorOperations(),
      ...lineOperation,
      ...githubOperations,
      ...monitorOperations,
      ...policyOperation,
      ...serviceOperations,
    },
  };
}

const text = { type: "string" };
const serviceOperations: Json = {
  "/healthz": {
    get: operation({
      id: "checkHealth",
      tag: "service",
      summary: "The process is alive",
      security: ["none"],
      responses: { 200: reply("It is", "text/plain", text, { ok: "ok\n" }), ...refusals("repeated_parameter") },
    }),
  },
  "/readyz": {
    get: operation({
      id: "checkReadiness",
      tag: "service",
      summary: "The store answers and every monitor was asked once",
      security: ["none"],
      responses: {
        200: reply("It is so", "text/plain", text, { ready: "ready\n" }),
        ...refusals("repeated_parameter"),
        ...retries(503, "starting", "draining", "store_unavailable"),
      },
    }),
  },
  "/version": {
    get: operation({
      id: "showVersion",
      tag: "service",
      summary: "Which version answers",
      security: ["none"],
      responses: {
        200: reply(
          "The queue's version, and that of its API, which rises when something that is there goes or changes its meaning",
          "application/json",
          {
            type: "object",
            required: ["version", "api"],
            properties: { version: text, api: { type: "integer" } },
          },
          { first: { version: "1.0.0", api: 1 } },
        ),
        ...refusals("repeated_parameter"),
      },
    }),
  },
  "/openapi.json": {
    get: operation({
      id: "describeApi",
      tag: "service",
      summary: "This description",
      security: ["none"],
      responses: {
        200: reply("OpenAPI 3.1", "application/json", { type: "object" }, { shortened: { openapi: "3.1.0" } }),
        ...refusals("repeated_parameter"),
      },
    }),
  },
};
