// A job whose turn has come, and whose repository, owner or class has all the runners that the policy
// allows: it stands aside, keeps its place and holds nobody back. Whether there is room is asked for
// outside (dispatch/limits), for it is counted over all profiles; this is what the answer means here.
//
//   in line --- its turn, no room ---> aside, with the limit that holds it --- there is room ---> claimed, or in line
//   aside --- not asked for again in MONITOR_RESERVE_TIMEOUT ---> in line
import { z } from "zod";
import { findFlowRules } from "../policy/flow-rules.ts";
import type { Policy } from "../policy/policy.ts";

const limitScopes = ["repository", "owner", "class"] as const;

export interface RunnerLimit {
  readonly scope: (typeof limitScopes)[number];
  readonly name: string;
  readonly maxRunners: number;
}

/** The limit that holds a job back, and how many runners were counted when it was looked at. */
export const heldBySchema = z.object({
  scope: z.enum(limitScopes),
  name: z.string(),
  maxRunners: z.number(),
  inUse: z.number(),
});
export type HeldBy = z.infer<typeof heldBySchema>;

interface FlowMember {
  readonly qualifiedRepo: string;
  readonly className?: string | undefined;
}

/** What the policy says of runners of a job's repository, owner and class; all of it holds. */
export function runnerLimitsOf(policy: Policy | undefined, job: FlowMember): readonly RunnerLimit[] {
  if (policy === undefined) return [];
  return findFlowRules(policy, job.qualifiedRepo, job.className).limits.flatMap(({ scope, name, maxRunners }) =>
    maxRunners === undefined ? [] : [{ scope, name, maxRunners }],
  );
}

/** The limit that a job alone is above; undefined: none. */
export function findTooSmallLimit(
  policy: Policy | undefined,
  job: FlowMember & { readonly runnerCount: number },
): RunnerLimit | undefined {
  return runnerLimitsOf(policy, job).find(({ maxRunners }) => maxRunners < job.runnerCount);
}

/** Whether a policy limits anybody's runners: without it nothing is counted. */
export function limitsRunners(policy: Policy | undefined): boolean {
  if (policy === undefined) return false;
  const { default: everybody, repositories, owners, classes } = policy;
  return [everybody, ...repositories, ...owners, ...classes].some(({ maxRunners }) => maxRunners !== undefined);
}

interface Standing {
  asideUntil?: number | undefined;
  limit?: HeldBy | undefined;
}

/** Whether something else than a limit keeps a job aside. */
export function isAsideOtherwise({ asideUntil, limit }: Readonly<Standing>, now: number): boolean {
  return limit === undefined && asideUntil !== undefined && asideUntil > now;
}

/**
 * The job as it stands by what was found of its limits; the same one where that is no news.
 * @param heldBy null: nothing holds it back
 * @param asideForMs for how long it stands aside where nobody asks again
 */
export function withLimit<T extends Standing>(job: T, heldBy: HeldBy | null, now: number, asideForMs: number): T {
  if (heldBy === null) return job.limit === undefined ? job : backInLine(job);
  const isKnown = job.limit?.scope === heldBy.scope && job.limit.name === heldBy.name;
  if (isKnown && (job.asideUntil ?? 0) > now + asideForMs / 2) return job;
  return { ...job, limit: heldBy, asideUntil: now + asideForMs };
}

/** The job, which stands aside no more. */
export function backInLine<T extends Standing>(job: T): T {
  const back = { ...job };
  delete back.asideUntil;
  delete back.limit;
  return back;
}
