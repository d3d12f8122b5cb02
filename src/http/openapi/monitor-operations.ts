// The part of the OpenAPI description for monitors that fetch their takes.
import { z } from "zod";
import { type Json, operation, optional, parameter, refusals, reply, retries } from "./parts.ts";

const monitor = parameter("monitor", "path", z.string(), "The name in MONITORS, as `name=pull`", "ci0");
const leg = parameter("leg", "path", z.string(), "As the offer has it", "linux~3f1c6a52~Vq-1");
const boot = parameter("boot", "query", z.string(), "This start of the monitor", "b7");
const seq = parameter("seq", "query", z.int(), "Its counter of all that it says", 12);
const callers = ["bearer_missing", "bearer_unknown", "monitor_unknown", "monitor_is_called"] as const;

const body = (schema: Json): Json => ({ required: true, content: { "application/json": { schema } } });
const text: Json = { type: "string" };
const whole: Json = { type: "integer", minimum: 0 };
const list = (items: Json): Json => ({ type: "array", items });
const record = (properties: Readonly<Record<string, Json>>, required: readonly string[] = Object.keys(properties)) => ({
  type: "object",
  properties,
  required,
});
const runner = record({ id: { type: ["integer", "string"] }, runner: { type: "object" } }, ["id"]);
const outcome: Json = { type: "string", enum: ["taken", "refused"] };
const settled = record({ leg: text, outcome, runners: list(runner) }, ["leg", "outcome"]);
const reservation = record(
  {
    leg: { type: ["string", "null"] },
    unique_id: text,
    id: { type: ["integer", "string", "null"] },
    busy: { type: "boolean" },
    runner: { type: "object" },
  },
  ["unique_id"],
);
const counts = record({ idle: whole, healthy: whole, target: whole });
const fetchBody = record(
  {
    boot: text,
    seq: whole,
    profiles: { type: "object", additionalProperties: counts },
    reservations: list(reservation),
    settled: list(settled),
  },
  ["boot", "seq", "profiles"],
);
const offer = record({
  leg: text,
  unique_id: text,
  profile_key: text,
  runners: whole,
  qualified_repo: text,
  run_id: text,
});
const fetched = record({
  offers: list(offer),
  withdrawn: list(text),
  settled: list(text),
  drained: { type: "boolean" },
});
const exampleFetched = {
  offers: [
    {
      leg: "linux~3f1c6a52~Vq-1",
      unique_id: "3f1c6a52",
      profile_key: "linux",
      runners: 1,
      qualified_repo: "servo/servo",
      run_id: "6034512345",
    },
  ],
  withdrawn: [],
  settled: [],
  drained: false,
};

export const monitorOperations: Json = {
  "/monitors/{monitor}/fetch": {
    post: {
      ...operation({
        id: "fetchOffers",
        tag: "monitors",
        summary: "A monitor says what it has, and hears what it is offered. A read: only an accept assigns",
        security: ["monitorToken"],
        parameters: [
          monitor,
          optional(parameter("wait", "query", z.int().min(0), "Seconds to be held while there is nothing", 25)),
        ],
        responses: {
          200: reply("What there is for it", "application/json", fetched, { one: exampleFetched }),
          ...refusals(
            ...callers,
            "malformed_parameter",
            "repeated_parameter",
            "body_malformed",
            "snapshot_too_large",
            "boot_superseded",
          ),
          ...retries(503, "fetch_in_flight", "store_unavailable"),
        },
      }),
      requestBody: body(fetchBody),
    },
  },
  "/monitors/{monitor}/legs/{leg}/accept": {
    post: operation({
      id: "acceptLeg",
      tag: "monitors",
      summary: "A monitor takes on an offer: from now on it may reserve",
      security: ["monitorToken"],
      parameters: [monitor, leg, boot, seq],
      responses: {
        200: reply(
          "Begin within this time of sending the accept, or not at all",
          "application/json",
          record({ begin_within_ms: whole }),
          { accepted: { begin_within_ms: 2000 } },
        ),
        ...refusals(
          ...callers,
          "malformed_parameter",
          "repeated_parameter",
          "leg_withdrawn",
          "leg_unknown",
          "boot_superseded",
        ),
        ...retries(503, "store_unavailable"),
      },
    }),
  },
  "/monitors/{monitor}/legs/{leg}/settle": {
    post: {
      ...operation({
        id: "settleLeg",
        tag: "monitors",
        summary: "A monitor says what came of a leg that it accepted",
        security: ["monitorToken"],
        parameters: [monitor, leg],
        responses: {
          200: reply(
            "It is settled, by this call or by one before",
            "application/json",
            { type: "object" },
            {
              settled: {},
            },
          ),
          ...refusals(
            ...callers,
            "malformed_parameter",
            "repeated_parameter",
            "body_malformed",
            "snapshot_too_large",
            "leg_settled_otherwise",
            "leg_unknown",
            "boot_superseded",
          ),
          ...retries(503, "store_unavailable"),
        },
      }),
      requestBody: body(record({ boot: text, seq: whole, outcome, runners: list(runner) }, ["boot", "seq", "outcome"])),
    },
  },
};
