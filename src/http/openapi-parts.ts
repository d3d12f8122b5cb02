// Pieces that the OpenAPI description is made of: parameters, replies, and the two kinds of failure.
import { z } from "zod";
import { type ProblemCode, problems, type RetryReason } from "./problem.ts";

export type Json = Record<string, unknown>;

export function parameter(name: string, where: "path" | "query", schema: z.ZodType, description: string): Json {
  const { $schema: _, ...shape } = z.toJSONSchema(schema, { unrepresentable: "any" });
  return { name, in: where, required: true, description, schema: shape };
}

export function reply(description: string, type: string, schema: Json): Json {
  return { description, content: { [type]: { schema } } };
}

export function refusals(...codes: ProblemCode[]): Json {
  const byStatus = Map.groupBy(codes, (code) => problems[code][0]);
  return Object.fromEntries(
    [...byStatus].map(([status, alike]) => [
      status,
      reply(alike.map((code) => `\`${code}\`: ${problems[code][1]}`).join(". "), "application/problem+json", {
        $ref: "#/components/schemas/Problem",
      }),
    ]),
  );
}

/** Empty replies that curl retries. */
export function retries(status: 429 | 503, ...reasons: RetryReason[]): Json {
  const header = (description: string) => ({ description, schema: { type: "string" } });
  return {
    [status]: {
      description: `Come back later (empty body): ${reasons.join(", ")}`,
      headers: {
        "Retry-After": header("Whole seconds"),
        "X-Queue-Reason": header("Why"),
        "X-Queue-Estimate": header("Seconds that it may take, as low-high, or unknown"),
        "X-Queue-Position": header("The job's position, 1 = next (waiting takes only)"),
      },
    },
  };
}
