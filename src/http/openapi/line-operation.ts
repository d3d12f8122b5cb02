// The part of the OpenAPI description for a whole line, page by page.
import { z } from "zod";
import { profileKeySchema } from "../../auth/job-schemas.ts";
import { exampleDashboard } from "./examples.ts";
import { type Json, operation, optional, parameter, ref, refusals, reply, retries } from "./parts.ts";

const properties = {
  at: { type: "string", format: "date-time" },
  unique_ids: { type: "string", enum: ["whole", "shortened"], description: "As in the dashboard" },
  profile_key: { type: "string" },
  page: { type: "integer" },
  waiting: { type: "integer", description: "Jobs that wait in the whole line" },
  runners_wanted: { type: "integer", description: "Runners that they need" },
  jobs: {
    type: "array",
    items: ref("WaitingJob"),
    description: "A hundred at most, claimed ones included; none behind the end of the line",
  },
};

export const lineSchemas: Json = {
  LinePage: { type: "object", properties, required: Object.keys(properties) },
};

const { at, unique_ids, profiles } = exampleDashboard;
const [first] = profiles.map(({ profile_key, waiting, runners_wanted, jobs }) => {
  return { at, unique_ids, profile_key, page: 1, waiting, runners_wanted, jobs };
});

export const linePageParameter = optional(
  parameter("page", "query", z.int().min(1).max(1000).default(1), "Which hundred", 1),
);

export const lineOperation: Json = {
  "/profiles/{profile_key}/jobs": {
    get: operation({
      id: "listLine",
      tag: "view",
      summary: "The whole line of a profile for scripts, a hundred jobs a page",
      security: ["none", "viewerToken", "viewerPassword"],
      parameters: [
        parameter("profile_key", "path", profileKeySchema, "The kind of runner", "linux"),
        linePageParameter,
      ],
      responses: {
        200: reply("A page of it", "application/json", ref("LinePage"), { first }),
        ...refusals("malformed_parameter", "repeated_parameter", "viewer_unknown", "profile_unknown"),
        ...retries(503, "store_unavailable"),
      },
    }),
  },
};
