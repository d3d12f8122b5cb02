// The part of the OpenAPI description for the policy: what another one would have made of the last
// hour.
import { z } from "zod";
import { type Json, operation, parameter, ref, refusals, reply, retries } from "./parts.ts";

const text = { type: "string" };
const whole = { type: "integer" };
const shape = (properties: Record<string, Json>): Json => ({
  type: "object",
  properties,
  required: Object.keys(properties),
});

const waits = shape({ mean_wait_seconds: whole, longest_wait_seconds: whole });

export const policySchemas: Json = {
  PolicyTrial: shape({
    profiles: {
      type: "array",
      items: shape({
        profile_key: text,
        since: {
          type: ["string", "null"],
          format: "date-time",
          description: "How far the history reaches, an hour at most",
        },
        jobs: { ...whole, description: "Jobs that got their runners, or wait now" },
        waiting: { ...whole, description: "Jobs that wait now, by the order of today" },
        moved: { ...whole, description: "Of those that wait, how many would stand elsewhere" },
        flows: {
          type: "array",
          items: shape({
            repository: text,
            class: { type: ["string", "null"] },
            weight: { type: "number" },
            matched_rule: { ...text, description: "The pattern of the repository's rule, or default" },
            jobs: whole,
            runners: whole,
            before: { ...waits, description: "By the order of today, played through" },
            after: { ...waits, description: "By the policy in the request" },
          }),
        },
      }),
    },
  }),
};

const exampleWaits = { mean_wait_seconds: 95, longest_wait_seconds: 410 };
const exampleTrial = {
  profiles: [
    {
      profile_key: "linux",
      since: "2026-11-21T11:00:00.000Z",
      jobs: 412,
      waiting: 31,
      moved: 12,
      flows: [
        {
          repository: "servo/servo",
          class: "merge",
          weight: 30,
          matched_rule: "servo/servo",
          jobs: 12,
          runners: 12,
          before: exampleWaits,
          after: { mean_wait_seconds: 12, longest_wait_seconds: 40 },
        },
      ],
    },
  ],
};

export const policyOperation: Json = {
  "/policy": {
    post: operation({
      id: "tryPolicy",
      tag: "operators",
      summary: "What the last hour would have been under another policy; nothing changes",
      security: ["operatorToken"],
      parameters: [parameter("dry_run", "query", z.literal("1"), "A policy is only changed by its file", "1")],
      body: {
        required: true,
        content: {
          "application/yaml": {
            schema: text,
            examples: { merge: { value: "classes: {merge: {weight: 10, match: {event_name: merge_group}}}\n" } },
          },
          "application/json": {
            schema: { type: "object" },
            examples: {
              merge: { value: { classes: { merge: { weight: 10, match: { event_name: "merge_group" } } } } },
            },
          },
        },
      },
      responses: {
        200: reply("By profile, each flow's waits", "application/json", ref("PolicyTrial"), { merge: exampleTrial }),
        ...refusals(
          "malformed_parameter",
          "repeated_parameter",
          "policy_invalid",
          "bearer_missing",
          "bearer_unknown",
          "not_an_operator",
          "body_too_large",
        ),
        ...retries(503, "store_unavailable"),
      },
    }),
  },
};
