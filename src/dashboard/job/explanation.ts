// Why one job waits or waited, as a document: by which rule, who is ahead, each stretch of its
// wait, what each monitor said. Made of the job's own row, so it costs one look however long the
// line or the history is.
import { enqueuedAt, neededRunners } from "../../queue/job/job.ts";
import type { ShareStanding } from "../../queue/operations/explain-share.ts";
import type { InspectReply } from "../../queue/operations/inspect.ts";
import { describeRule, describeShares } from "./share-words.ts";
import { describeExpedited, describeLimit, describeStretch, describeTry, describeWhy } from "./why-words.ts";

export type InspectedJob = Extract<InspectReply, { kind: "job" }>;
export type Explanation = ReturnType<typeof explain>;

/** @param shares where the line is shared; null: one line in order of enqueue */
export function explain({ job, position, outlook, ahead, now }: InspectedJob, shares: ShareStanding | null = null) {
  const beganAt = enqueuedAt(job.place);
  const waitedMs = Math.max(0, (job.endedAt ?? now) - beganAt);
  const known = job.waits ?? [];
  const waits = known.map((stretch, at) => {
    const [since, reason, jobsAhead, runnersAhead, monitor] = stretch;
    const until = known[at + 1]?.[0];
    return {
      reason,
      since: isoTime(beganAt + since * 1000),
      lasted_ms: Math.max(0, (until === undefined ? waitedMs : until * 1000) - since * 1000),
      jobs_ahead: jobsAhead,
      runners_ahead: runnersAhead,
      monitor: monitor === "" ? null : monitor,
      says: describeStretch(stretch),
    };
  });
  const tries = job.tries ?? [];
  const stretches = waits.map(({ says, lasted_ms }) => ({ says, lastedMs: lasted_ms }));
  return {
    unique_id: job.uniqueId,
    profile_key: job.profileKey,
    state: job.state,
    says: [
      describeWhy(job.state, waitedMs, stretches, tries) + describeExpedited(job.expeditedAt, beganAt),
      ...describeShares(shares),
      ...describeLimit(job.limit, neededRunners(job)),
    ].join(" "),
    waited_ms: waitedMs,
    reason: outlook?.reason ?? null,
    ...describeRule(job, position, ahead, shares),
    limit:
      job.limit === undefined
        ? null
        : { scope: job.limit.scope, name: job.limit.name, max_runners: job.limit.maxRunners, in_use: job.limit.inUse },
    waits,
    tries: tries.map((one) => {
      const [at, monitor, outcome, words, times] = one;
      return { at: isoTime(beganAt + at * 1000), monitor, outcome, words, times, says: describeTry(one) };
    }),
    runners: job.state === "taken" ? (job.spentRunners ?? []).slice(-job.runnerCount) : [],
    runner_names: job.runnerNames ?? [],
  };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
