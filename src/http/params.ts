// What comes in: ids, counts and tokens, parsed before anything else sees them. Errors say what is
// expected, never what was sent.
import type { Context } from "hono";
import { z } from "zod";
import {
  classNameSchema,
  profileKeySchema,
  qualifiedRepoSchema,
  runIdSchema,
  uniqueIdSchema,
} from "../auth/job-schemas.ts";
import type { ProofRequest } from "../github/artifact-proof.ts";
import type { JobRequest } from "../queue/job/job.ts";
import { type Reply, refusal, refuse, toResponse } from "./problem.ts";

/** RFC 7636 section 4.1. */
export const codeVerifierSchema = z
  .string()
  .regex(/^[A-Za-z0-9._~-]{43,128}$/, "code_verifier: 43 to 128 of A-Z a-z 0-9 . _ ~ -");
export const runnerCountSchema = (most: number) =>
  z
    .string()
    .regex(/^[1-9]\d{0,3}$/, `runner_count: a whole number from 1 to ${most}`)
    .transform(Number)
    .refine((count) => count <= most, `runner_count: a whole number from 1 to ${most}`);

/** Nine digits: more than anybody waits. */
export const maxSeconds = 999_999_999;

const maxWaitSchema = z
  .string()
  .regex(/^\d{1,9}$/, "max_wait: whole seconds")
  .transform(Number)
  .optional();

/** Where polls are no presence: GitHub says how long the job waits. */
export const presenceSchema = z.literal("github", "presence: github, or left out").optional();
/** Four digits: GitHub stops far below. */
export const maxRunAttempt = 9999;

const runAttemptSchema = z
  .string()
  .regex(/^[1-9]\d{0,3}$/, "run_attempt: a whole number from 1")
  .transform(Number)
  .optional();

const termsSchema = {
  maxWait: maxWaitSchema,
  presence: presenceSchema,
  runAttempt: runAttemptSchema,
  className: classNameSchema.optional(),
};

/** Only a batch has a body that we read; one that is larger than this is a mistake or worse. */
export const longestBody = 64 * 1024;

export type Parsed<T> =
  | { readonly kind: "ok"; readonly value: T }
  | { readonly kind: "refused"; readonly response: Response };

/**
 * Query parameters by name, each at most once.
 * @param names the only ones that there may be: where a word that is not understood would change
 * what is done
 */
export function parseQuery(
  c: Context,
  names?: readonly string[],
  maxBodyBytes = longestBody,
): Parsed<ReadonlyMap<string, string>> {
  const at = c.req.url.indexOf("?");
  const text = at < 0 ? "" : c.req.url.slice(at + 1);
  const read = readQuery(text, c.req.header("content-length"), names, maxBodyBytes);
  return read instanceof Map ? { kind: "ok", value: read } : refused(toResponse(read));
}

/** The same for whoever has the query's text at hand, behind the question mark. */
export function readQuery(
  text: string,
  contentLength: string | undefined,
  names?: readonly string[],
  maxBodyBytes = longestBody,
): Map<string, string> | Reply {
  if (contentLength !== undefined && Number(contentLength) > maxBodyBytes) {
    return refusal("body_too_large", undefined, { connection: "close" });
  }
  const values = new Map<string, string>();
  if (text === "") return values;
  for (const [name, value] of new URLSearchParams(text)) {
    if (names?.includes(name) === false) {
      return refusal("malformed_parameter", `The parameters here are ${names.join(", ")}`);
    }
    if (values.has(name)) return refusal("repeated_parameter", "Give every parameter once");
    values.set(name, value);
  }
  return values;
}

/** A job, and what is no part of its identity. */
export interface EnqueueRequest extends JobRequest {
  /** the seconds that its caller is willing to wait; undefined: as long as it takes */
  readonly maxWait?: number | undefined;
  readonly presence?: "github" | undefined;
  readonly runAttempt?: number | undefined;
}

/** What an enqueue's parameters must be. Made once: building a schema costs more than using it. */
export function createJobRequestSchema(maxRunnerCount: number): z.ZodType<EnqueueRequest> {
  return z.object({
    uniqueId: uniqueIdSchema,
    profileKey: profileKeySchema,
    runnerCount: runnerCountSchema(maxRunnerCount),
    qualifiedRepo: qualifiedRepoSchema,
    runId: runIdSchema,
    ...termsSchema,
  });
}

/** What the caller of an enqueue without a token says: the proof's part, and how long he waits. */
export type TokenlessRequest = ProofRequest & Pick<EnqueueRequest, "maxWait" | "presence" | "runAttempt" | "className">;

/** What an enqueue without a token must say; the artifact says the rest. */
export function createProofRequestSchema(): z.ZodType<TokenlessRequest> {
  return z.object({
    uniqueId: uniqueIdSchema,
    qualifiedRepo: qualifiedRepoSchema,
    runId: runIdSchema,
    codeVerifier: codeVerifierSchema.nullable(),
    ...termsSchema,
  });
}

export function parseProofRequest(c: Context, schema: z.ZodType<TokenlessRequest>): Parsed<TokenlessRequest> {
  const query = parseQuery(c);
  if (query.kind === "refused") return query;
  return parseWith(schema, { ...commonOf(query.value), codeVerifier: query.value.get("code_verifier") ?? null });
}

/** The job that an enqueue asks for. */
export function parseJobRequest(c: Context, schema: z.ZodType<EnqueueRequest>): Parsed<EnqueueRequest> {
  const query = parseQuery(c);
  if (query.kind === "refused") return query;
  const profileKey = c.req.param("profileKey") ?? "";
  return parseWith(schema, { ...commonOf(query.value), profileKey, runnerCount: c.req.param("runnerCount") ?? "1" });
}

function commonOf(query: ReadonlyMap<string, string>) {
  return {
    uniqueId: query.get("unique_id") ?? "",
    qualifiedRepo: query.get("qualified_repo") ?? "",
    runId: query.get("run_id") ?? "",
    maxWait: query.get("max_wait"),
    presence: query.get("presence"),
    runAttempt: query.get("run_attempt"),
    className: query.get("class"),
  };
}

function parseWith<T>(schema: z.ZodType<T>, given: unknown): Parsed<T> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return { kind: "ok", value: parsed.data };
  const detail = parsed.error.issues.map((issue) => issue.message).join("; ");
  return refused(refuse("malformed_parameter", detail));
}

function refused(response: Response): Parsed<never> {
  return { kind: "refused", response };
}
