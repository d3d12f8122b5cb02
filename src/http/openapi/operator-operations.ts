// The part of the OpenAPI description for operators, monitors, and whoever looks on.
import { z } from "zod";
import { profileKeySchema, runIdSchema } from "../../auth/job-schemas.ts";
import { actSchema } from "../operator-routes.ts";
import {
  exampleDashboard,
  exampleForgotten,
  exampleHistory,
  exampleJob,
  exampleMonitorAct,
  exampleProfileAct,
  exampleStanding,
  exampleStats,
} from "./examples.ts";
import { linePageParameter } from "./line-operation.ts";
import { type Json, operation, optional, parameter, ref, refusals, reply, retries } from "./parts.ts";

const text = { type: "string" };
const actParameters = [
  optional(parameter("note", "query", actSchema.shape.note, "Why: up to 300 characters", "disk is full")),
  optional(parameter("by", "query", actSchema.shape.by, "Who: up to 100 characters", "ann")),
  optional(
    parameter(
      "until",
      "query",
      actSchema.shape.until.unwrap(),
      "When it ends by itself: a duration from now on (30m, 2h, 3d), or an ISO 8601 time with its zone; within a year",
      "2h",
    ),
  ),
];
const monitor = parameter(
  "monitor",
  "path",
  z.string().regex(/^[A-Za-z0-9._-]{1,64}$/),
  "A monitor's name, as in MONITORS",
  "ci0",
);
const profile = parameter("profile_key", "path", profileKeySchema, "The kind of runner", "linux");
/** The history takes any text here: what is of no job finds nothing. */
const filter = (name: string, example: string) =>
  optional(parameter(name, "query", z.string(), "Only what is of this one", example));

export function describeOperatorOperations(): Json {
  return {
    "/monitors/{monitor}/drain": actOnMonitor("drainMonitor", "Stop takes at a monitor"),
    "/monitors/{monitor}/changed": {
      post: operation({
        id: "noteMonitorChange",
        tag: "monitors",
        summary: "A monitor says that its runners changed: it is asked at once",
        security: ["monitorToken"],
        parameters: [monitor],
        responses: {
          204: { description: "Heard" },
          ...refusals("repeated_parameter", "bearer_missing", "bearer_unknown", "monitor_unknown"),
        },
      }),
    },
    "/monitors/{monitor}/resume": actOnMonitor("resumeMonitor", "Let takes at a monitor go on"),
    "/profiles/{profile_key}": {
      get: operation({
        id: "showProfile",
        tag: "view",
        summary: "How a profile stands, for whoever wants to know before enqueuing",
        security: ["none", "viewerToken", "viewerPassword"],
        parameters: [profile],
        responses: {
          200: reply("How it stands", "application/json", ref("ProfileStanding"), { busy: exampleStanding }),
          ...refusals("repeated_parameter", "viewer_unknown", "profile_unknown"),
          ...retries(503, "store_unavailable"),
        },
      }),
    },
    "/reasons": {
      get: operation({
        id: "explainReasons",
        tag: "view",
        summary: "What each X-Queue-Reason means, as a page",
        security: ["none"],
        responses: {
          200: reply("The page", "text/html", text, { one: "<!doctype html>..." }),
          ...refusals("repeated_parameter"),
        },
      }),
    },
    "/profiles/{profile_key}/pause": actOnProfile("pauseProfile", "Stop claims of a profile"),
    "/profiles/{profile_key}/resume": actOnProfile("resumeProfile", "Let claims of a profile go on"),
    "/monitors/{monitor}/forget": operate("forgetMonitor", "Forget a monitor that is no longer in MONITORS", monitor, {
      200: reply("It is forgotten", "application/json", ref("Forgotten"), { one: exampleForgotten }),
      ...operatorRefusals,
      ...refusals("monitor_unknown", "monitor_in_use"),
    }),
    "/profiles/{profile_key}/forget": operate("forgetProfile", "Forget a profile that nobody keeps or wants", profile, {
      200: reply("It is forgotten", "application/json", ref("Forgotten"), { one: exampleForgotten }),
      ...operatorRefusals,
      ...refusals("profile_unknown", "profile_in_use"),
    }),
    "/": look("showPage", "The dashboard, as a page", "text/html", text, "<!doctype html>..."),
    "/runs/{run_id}": viewOf("showRun", "The jobs of a run: where each stands and why, as a page", [
      parameter("run_id", "path", runIdSchema, "The workflow run", exampleJob.run_id),
    ]),
    "/lines/{profile_key}": viewOf("showLine", "The whole line of a profile, a hundred jobs a page", [
      profile,
      linePageParameter,
    ]),
    "/search": viewOf("searchJobs", "Jobs by id, run or repository, as a page", [
      optional(parameter("q", "query", z.string(), "What is looked for", exampleJob.qualified_repo)),
    ]),
    "/dashboard.json": look("showDashboard", "The dashboard", "application/json", ref("Dashboard"), exampleDashboard),
    "/dashboard.txt": look(
      "showDashboardText",
      "The dashboard, for a terminal",
      "text/plain",
      text,
      "linux  1 waiting",
    ),
    "/events": {
      get: operation({
        id: "followEvents",
        tag: "view",
        summary: "The dashboard, live: a `dashboard` event every second, `trouble` while the store is away",
        security: ["none", "viewerToken", "viewerPassword"],
        parameters: [
          optional(parameter("as", "query", z.string(), "html: what the page shows, when it changes", "html")),
          optional(
            parameter("view", "query", z.string(), "With as=html: of which page, such as runs/7", "runs/6034512345"),
          ),
        ],
        responses: {
          200: reply("Server-sent events", "text/event-stream", text, {
            dashboard: "event: dashboard\ndata: {...}\n\n",
          }),
          ...refusals("viewer_unknown", "repeated_parameter", "no_such_route"),
          ...retries(503, "too_many_viewers", "draining"),
        },
      }),
    },
    "/history.json": {
      get: operation({
        id: "listHistory",
        tag: "operators",
        summary: "What happened, newest first",
        security: ["operatorToken"],
        parameters: [
          filter("profile", exampleJob.profile_key),
          filter("run_id", exampleJob.run_id),
          filter("qualified_repo", exampleJob.qualified_repo),
          filter("unique_id", exampleJob.unique_id),
          optional(parameter("limit", "query", z.int().min(1).max(2000).default(200), "How many entries at most", 200)),
        ],
        responses: {
          200: reply("What happened", "application/json", ref("History"), { one: exampleHistory }),
          ...operatorRefusals,
          ...retries(503, "store_unavailable"),
        },
      }),
    },
    "/stats": viewOf("showOverTime", "A day or a week, as a page", [period]),
    "/stats.json": {
      get: operation({
        id: "showStats",
        tag: "view",
        summary: "A day or a week: waits, ends and what stood idle, by profile and repository",
        security: ["none", "viewerToken", "viewerPassword"],
        parameters: [period, filter("profile", exampleJob.profile_key)],
        responses: {
          200: reply("The figures", "application/json", ref("Stats"), { day: exampleStats }),
          ...refusals("malformed_parameter", "repeated_parameter", "viewer_unknown"),
          ...retries(503, "store_unavailable"),
        },
      }),
    },
    "/metrics": {
      get: operation({
        id: "showMetrics",
        tag: "view",
        summary: "For Prometheus",
        security: ["none"],
        responses: {
          200: reply("Exposition text", "text/plain", text, { one: "runner_queue_store_up 1\n" }),
          ...refusals("repeated_parameter"),
        },
      }),
    },
  };
}

const period = optional(
  parameter("period", "query", z.enum(["day", "week"]).default("day"), "The last day, or the last seven", "day"),
);

const operatorRefusals = refusals(
  "malformed_parameter",
  "repeated_parameter",
  "bearer_missing",
  "bearer_unknown",
  "not_an_operator",
  "body_too_large",
);

function actOnMonitor(id: string, summary: string): Json {
  const done = reply("It is so now", "application/json", ref("MonitorAct"), { one: exampleMonitorAct });
  return operate(id, summary, monitor, { 200: done, ...operatorRefusals, ...refusals("monitor_unknown") });
}

function actOnProfile(id: string, summary: string): Json {
  const done = reply("It is so now", "application/json", ref("ProfileAct"), { one: exampleProfileAct });
  return operate(id, summary, profile, { 200: done, ...operatorRefusals, ...refusals("profile_unknown") });
}

function operate(id: string, summary: string, subject: Json, replies: Json): Json {
  return {
    post: operation({
      id,
      tag: "operators",
      summary,
      security: ["operatorToken"],
      parameters: [subject, ...actParameters],
      responses: { ...replies, ...retries(503, "store_unavailable") },
    }),
  };
}

/** A page below the dashboard's. */
function viewOf(id: string, summary: string, parameters: readonly Json[]): Json {
  return {
    get: operation({
      id,
      tag: "view",
      summary,
      security: ["none", "viewerToken", "viewerPassword"],
      parameters,
      responses: {
        200: reply(summary, "text/html", text, { one: "<!doctype html>..." }),
        ...refusals("repeated_parameter", "viewer_unknown", "no_such_route"),
        ...retries(503, "store_unavailable"),
      },
    }),
  };
}

function look(id: string, summary: string, type: string, schema: Json, example: unknown): Json {
  return {
    get: operation({
      id,
      tag: "view",
      summary,
      security: ["none", "viewerToken", "viewerPassword"],
      responses: {
        200: reply(summary, type, schema, { one: example }),
        ...refusals("repeated_parameter", "viewer_unknown"),
        ...retries(503, "store_unavailable"),
      },
    }),
  };
}
