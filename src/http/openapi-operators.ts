// The operators' part of the OpenAPI description: the view and what may be done.
import { z } from "zod";
import { happenings } from "../queue/history.ts";
import { jobStates } from "../queue/job.ts";
import { type Json, parameter, refusals, reply, retries } from "./openapi-parts.ts";
import { profileKeySchema } from "./params.ts";

const text = { type: "string" };
const textOrNull = { type: ["string", "null"] };
const time = { type: "string", format: "date-time" };
const timeOrNull = { type: ["string", "null"], format: "date-time" };
const whole = { type: "integer" };
const wholeOrNull = { type: ["integer", "null"] };
const listOf = (items: Json): Json => ({ type: "array", items });
const shape = (properties: Record<string, Json>): Json => ({
  type: "object",
  properties,
  required: Object.keys(properties),
});
const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });
const orNull = (schema: Json): Json => ({ oneOf: [schema, { type: "null" }] });

const capacity = { idle: whole, claimed: whole, available: whole, healthy: whole, target: whole };

/** What /dashboard.json, /events and /history.json are made of. A test holds real documents against these. */
export const dashboardSchemas: Json = {
  Act: shape({ by: text, note: text, at: time, until: timeOrNull }),
  WaitingJob: shape({
    unique_id: text,
    position: { ...wholeOrNull, description: "1 = next; null while it is claimed" },
    state: { enum: jobStates },
    reason: { ...text, description: "Why it waits: an X-Queue-Reason, asleep (its next poll is overdue) or your_turn" },
    qualified_repo: text,
    run_id: text,
    run_url: text,
    runner_count: whole,
    runners_in_hand: whole,
    attempts: whole,
    enqueued_at: time,
    waited_ms: whole,
    last_poll_at: { ...timeOrNull, description: "Written down at most once per TOUCH_INTERVAL" },
    monitors: { ...listOf(text), description: "Those that are being asked" },
  }),
  Entry: shape({
    at: time,
    what: { enum: happenings },
    profile_key: text,
    unique_id: textOrNull,
    qualified_repo: textOrNull,
    run_id: textOrNull,
    run_url: textOrNull,
    runner_count: wholeOrNull,
    attempts: wholeOrNull,
    waited_ms: wholeOrNull,
    monitors: listOf(text),
    runners: { ...listOf(text), description: "monitor/id of each runner that was given out" },
    by: textOrNull,
    note: textOrNull,
    until: timeOrNull,
  }),
  Dashboard: shape({
    at: time,
    version: text,
    store: { enum: ["embedded", "redis"] },
    unique_ids: {
      enum: ["whole", "shortened"],
      description: "Whole with an operator's token or DASHBOARD_TOKEN; else the first 8 characters of each",
    },
    profiles: listOf(
      shape({
        profile_key: text,
        paused: orNull(ref("Act")),
        waiting: whole,
        runners_wanted: whole,
        oldest_waited_ms: wholeOrNull,
        capacity: shape(capacity),
        jobs: { ...listOf(ref("WaitingJob")), description: "The first hundred of the line, claimed ones included" },
        chart: {
          ...listOf(shape({ at: time, waiting: whole, idle: whole })),
          description: "A sample a minute, one hour",
        },
      }),
    ),
    monitors: listOf(
      shape({
        name: text,
        state: { enum: ["unknown", "failing", "fresh", "stale"] },
        answered_at: timeOrNull,
        failures: whole,
        next_ask_at: timeOrNull,
        draining: orNull(ref("Act")),
        backing_off_until: timeOrNull,
        takes: { type: "object", additionalProperties: whole },
        profiles: listOf(
          shape({
            profile_key: text,
            ...capacity,
            refused_in_a_row: { ...whole, description: "Takes; one that succeeds ends it" },
          }),
        ),
      }),
    ),
    ends: listOf(ref("Entry")),
  }),
};

/** @param bearer the security of routes that want an operator's bearer */
export function describeOperatorRoutes(bearer: readonly Json[]): Json {
  const optional = (name: string, description: string) => ({
    ...parameter(name, "query", z.string(), description),
    required: false,
  });
  const act = [
    optional("note", "Why: up to 300 characters"),
    optional("by", "Who: up to 100 characters"),
    optional("until", "When it ends by itself: 30m, 2h, 3d, or an ISO 8601 time"),
  ];
  const monitor = parameter("monitor", "path", z.string(), "A monitor's name, as in MONITORS");
  const profile = parameter("profile_key", "path", profileKeySchema, "The kind of runner");
  const acted = (unknown: "monitor_unknown" | "profile_unknown") => ({
    200: reply("It is so now", "application/json", { type: "object" }),
    ...refusals(
      "malformed_parameter",
      "repeated_parameter",
      "bearer_missing",
      "bearer_unknown",
      unknown,
      "body_too_large",
    ),
    ...retries(503, "store_unavailable"),
  });
  const operate = (summary: string, subject: Json, unknown: "monitor_unknown" | "profile_unknown"): Json => ({
    post: { summary, security: bearer, parameters: [subject, ...act], responses: acted(unknown) },
  });
  const look = (summary: string, type: string, schema: Json): Json => ({
    get: {
      summary,
      responses: {
        200: reply(summary, type, schema),
        ...refusals("viewer_unknown"),
        ...retries(503, "store_unavailable"),
      },
    },
  });
  return {
    "/monitors/{monitor}/drain": operate("Stop takes at a monitor", monitor, "monitor_unknown"),
    "/monitors/{monitor}/changed": {
      post: {
        summary: "A monitor says that its runners changed: it is asked at once",
        security: bearer,
        parameters: [monitor],
        responses: {
          204: { description: "Heard" },
          ...refusals("bearer_missing", "bearer_unknown", "monitor_unknown"),
        },
      },
    },
    "/monitors/{monitor}/resume": operate("Let takes at a monitor go on", monitor, "monitor_unknown"),
    "/profiles/{profile_key}/pause": operate("Stop claims of a profile", profile, "profile_unknown"),
    "/profiles/{profile_key}/resume": operate("Let claims of a profile go on", profile, "profile_unknown"),
    "/": look("The dashboard, as a page", "text/html", text),
    "/dashboard.json": look("The dashboard", "application/json", ref("Dashboard")),
    "/dashboard.txt": look("The dashboard, for a terminal", "text/plain", text),
    "/events": {
      get: {
        summary: "The dashboard, live: a `dashboard` event every second, `trouble` while the store is away",
        parameters: [optional("as", "html: what the page shows, when it changes")],
        responses: {
          200: reply("Server-sent events", "text/event-stream", text),
          ...refusals("viewer_unknown", "repeated_parameter"),
          ...retries(503, "too_many_viewers", "draining"),
        },
      },
    },
    "/history.json": {
      get: {
        summary: "What happened, newest first",
        security: bearer,
        parameters: ["profile", "run_id", "qualified_repo", "unique_id", "limit"].map((name) =>
          optional(name, name === "limit" ? "1 to 2000; 200" : "Only of this one"),
        ),
        responses: {
          200: reply("What happened", "application/json", shape({ entries: listOf(ref("Entry")) })),
          ...refusals(
            "malformed_parameter",
            "repeated_parameter",
            "bearer_missing",
            "bearer_unknown",
            "body_too_large",
          ),
          ...retries(503, "store_unavailable"),
        },
      },
    },
    "/metrics": {
      get: { summary: "For Prometheus", responses: { 200: reply("Exposition text", "text/plain", text) } },
    },
  };
}
