// The body of POST /runs/<run_id>/enqueue: the jobs of a run that are to stand together in line.
import type { Context } from "hono";
import { z } from "zod";
import {
  classNameSchema,
  profileKeySchema,
  qualifiedRepoSchema,
  runIdSchema,
  uniqueIdSchema,
} from "../../auth/job-schemas.ts";
import { readBytes, readWhole } from "../../bounded-body.ts";
import { parseJson } from "../../bounded-json.ts";
import { type EnqueueRequest, longestBody, maxRunAttempt, maxSeconds, type Parsed, presenceSchema } from "../params.ts";
import { refuse } from "../problem.ts";

/** Most jobs of a batch. */
export const maxBatchJobs = 100;

/** As in the query of a single job, but numbers are numbers. Words that nobody knows are refused. */
export function createBatchSchema(maxRunnerCount: number) {
  const countWords = `a whole number from 1 to ${maxRunnerCount}`;
  const job = z.strictObject({
    unique_id: uniqueIdSchema,
    profile_key: profileKeySchema,
    qualified_repo: qualifiedRepoSchema,
    runner_count: z.int(countWords).min(1, countWords).max(maxRunnerCount, countWords).default(1),
    max_wait: z.int("whole seconds").min(0, "whole seconds").max(maxSeconds, "whole seconds").optional(),
    class: classNameSchema.optional(),
    presence: presenceSchema,
    run_attempt: z.int("a whole number from 1").min(1, "a whole number from 1").max(maxRunAttempt).optional(),
  });
  return z.strictObject({
    jobs: z.array(job).min(1, "at least one job").max(maxBatchJobs, `at most ${maxBatchJobs} jobs`),
  });
}

/** The jobs in their order, or the refusal. */
export async function parseBatch(
  c: Context,
  schema: ReturnType<typeof createBatchSchema>,
): Promise<Parsed<readonly EnqueueRequest[]>> {
  const runId = runIdSchema.safeParse(c.req.param("runId"));
  if (!runId.success) return refused(refuse("malformed_parameter", "run_id: digits"));
  const bytes = await readWhole(readBytes(c.req.raw, longestBody));
  if (bytes === null) return refused(refuse("body_too_large", undefined, { connection: "close" }));
  const json = parseJson(bytes);
  if (json.kind === "unreadable") return refused(refuse("batch_malformed", json.why.replaceAll("_", " ")));
  const parsed = schema.safeParse(json.value);
  if (!parsed.success) return refused(refuse("batch_malformed", describeIssues(parsed.error)));
  const { jobs } = parsed.data;
  const twice = findRepeated(jobs.map(({ unique_id }) => unique_id));
  if (twice !== null) return refused(refuse("batch_malformed", `jobs[${twice}].unique_id: another job has it`));
  const value = jobs.map((one) => ({
    uniqueId: one.unique_id,
    profileKey: one.profile_key,
    runnerCount: one.runner_count,
    qualifiedRepo: one.qualified_repo,
    runId: runId.data,
    className: one.class,
    maxWait: one.max_wait,
    presence: one.presence,
    runAttempt: one.run_attempt,
  }));
  return { kind: "ok", value };
}

/** Says what is expected, never what was sent. */
function describeIssues({ issues }: z.ZodError): string {
  return issues
    .slice(0, 5)
    .map(({ code, path, message }) => {
      const place = path.map((word, at) =>
        typeof word === "number" ? `[${word}]` : at === 0 ? word : `.${String(word)}`,
      );
      return `${place.join("") || "body"}: ${code === "unrecognized_keys" ? "a word that means nothing here" : message}`;
    })
    .join("; ");
}

/** The first id that stands there before; case makes no other id. */
function findRepeated(ids: readonly string[]): number | null {
  const seen = new Set<string>();
  for (const [at, id] of ids.entries()) {
    if (seen.has(id.toLowerCase())) return at;
    seen.add(id.toLowerCase());
  }
  return null;
}

function refused(response: Response): Parsed<never> {
  return { kind: "refused", response };
}
