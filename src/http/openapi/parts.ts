// Pieces that the OpenAPI description is made of: operations, parameters, replies, and the two
// kinds of failure.
import { z } from "zod";
import { type ProblemCode, problems, type RetryReason } from "../problem.ts";

export type Json = Record<string, unknown>;

export const tags = {
  jobs: "Workflow steps: take a number, wait, get a runner",
  operators: "Whoever runs the queue: drain, pause, look back",
  github: "What GitHub sends",
  monitors: "The services on the hosts that own runners",
  view: "What the queue shows to people and programs that look on",
  service: "Whether the process is well, and what it offers",
} as const;

/** Ways to say who is calling, by name; "none": anybody may. Several in a list: one of them. */
export const securitySchemes = {
  apiToken: { type: "http", scheme: "bearer", description: "One of API_TOKENS" },
  oidcToken: {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
    description: "A workflow's own OIDC token, where OIDC_AUDIENCE is set",
  },
  ticket: { type: "apiKey", in: "query", name: "token", description: "What enqueue returned" },
  ticketBearer: { type: "http", scheme: "bearer", description: "The same ticket, as a header" },
  operatorToken: { type: "http", scheme: "bearer", description: "One of OPERATOR_TOKENS" },
  monitorToken: {
    type: "http",
    scheme: "bearer",
    description: "The monitor's own of MONITOR_TOKENS, or MONITOR_API_TOKEN",
  },
  githubSignature: {
    type: "apiKey",
    in: "header",
    name: "X-Hub-Signature-256",
    description: "HMAC-SHA256 of the body with one of GITHUB_WEBHOOK_SECRETS",
  },
  viewerToken: { type: "http", scheme: "bearer", description: "DASHBOARD_TOKEN, or one of OPERATOR_TOKENS" },
  viewerPassword: { type: "http", scheme: "basic", description: "The same as a password, with any name" },
} as const;
export type Security = keyof typeof securitySchemes | "none";

export interface Operation {
  /** unique, and what generated clients call it */
  readonly id: string;
  readonly tag: keyof typeof tags;
  readonly summary: string;
  readonly security: readonly Security[];
  readonly parameters?: readonly Json[];
  readonly body?: Json;
  readonly responses: Json;
}

export function operation({ id, tag, summary, security, parameters = [], body, responses }: Operation): Json {
  const isOpen = security.length === 1 && security[0] === "none";
  return {
    operationId: id,
    tags: [tag],
    summary,
    security: isOpen ? [] : security.map((scheme) => (scheme === "none" ? {} : { [scheme]: [] })),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body !== undefined && { requestBody: body }),
    responses,
  };
}

export function parameter(
  name: string,
  where: "path" | "query",
  schema: z.ZodType,
  description: string,
  example: unknown,
): Json {
  const { $schema: _, ...shape } = z.toJSONSchema(schema, { unrepresentable: "any", io: "input" });
  return { name, in: where, required: true, description, schema: shape, example };
}

export function optional(given: Json): Json {
  return { ...given, required: false };
}

/** @param examples by name */
export function reply(
  description: string,
  type: string,
  schema: Json,
  examples: Readonly<Record<string, unknown>>,
): Json {
  const named = Object.entries(examples).map(([name, value]) => [name, { value }]);
  return { description, content: { [type]: { schema, examples: Object.fromEntries(named) } } };
}

export function ref(name: string): Json {
  return { $ref: `#/components/schemas/${name}` };
}

export function refusals(...codes: ProblemCode[]): Json {
  const byStatus = Map.groupBy(codes, (code) => problems[code][0]);
  return Object.fromEntries(
    [...byStatus].map(([status, alike]) => [
      status,
      reply(
        alike.map((code) => `\`${code}\`: ${problems[code][1]}`).join(". "),
        "application/problem+json",
        ref("Problem"),
        Object.fromEntries(
          alike.map((code) => [code, { type: `urn:runner-queue:${code}`, title: problems[code][1], status, code }]),
        ),
      ),
    ]),
  );
}

/** Empty replies that curl retries. */
export function retries(status: 429 | 503, ...reasons: RetryReason[]): Json {
  const header = (description: string, schema: Json, example: unknown) => ({ description, schema, example });
  return {
    [status]: {
      description: `Come back later (empty body): ${reasons.join(", ")}`,
      headers: {
        "Retry-After": header("Whole seconds", { type: "integer", minimum: 1 }, 1),
        "X-Queue-Reason": header("Why", { type: "string", enum: reasons }, reasons[0]),
        "X-Queue-Message": header("The same as a sentence", { type: "string" }, "An operator paused the profile."),
        Link: header(
          "The page that has it, as rel=help",
          { type: "string", pattern: '^<[^>]+>; rel="help"$' },
          '</reasons#profile_paused>; rel="help"',
        ),
        "X-Queue-Estimate": header(
          "Seconds that it may take, as low-high, or unknown",
          { type: "string", pattern: "^(unknown|\\d+-\\d+)$" },
          "4-62",
        ),
        "X-Queue-Position": header(
          "The job's position, 1 = next (waiting takes only)",
          { type: "integer", minimum: 1 },
          1,
        ),
      },
    },
  };
}
