// What a poll that has to wait leaves behind: that its job is there, why it waits, and whether it
// stands aside.
import { describeChange } from "../history.ts";
import { enqueuedAt, type Job, neededRunners } from "../job/job.ts";
import { type Hold, needsRecord, presenceAfterPoll, withHolder } from "../job/presence.ts";
import { addWait, type Wait } from "../job/why/waits.ts";
import { findBlamedMonitor } from "../line/blame.ts";
import { backInLine } from "../line/limit.ts";
import { orderOf } from "../line/line.ts";
import type { WaitReason } from "../line/turn.ts";
import type { Change, ProfileView } from "../profile.ts";
import { heard } from "./enqueue.ts";

/** What is remembered of why it waits. */
export function explainWait(
  { now, settings, capacity }: ProfileView,
  job: Job,
  ahead: { readonly jobs: number; readonly runners: number },
  { reason, runnersBefore }: { readonly reason: WaitReason; readonly runnersBefore: number | null },
): Wait {
  const missing = runnersBefore ?? neededRunners(job) - capacity.totals(now).servable;
  const monitor = findBlamedMonitor(capacity.rows, reason, missing, now, settings.snapshotFreshMs);
  return { reason, jobsAhead: ahead.jobs, runnersAhead: ahead.runners, monitor };
}

/** The job after a waiting poll, and what has to be written of it; nothing where the poll says nothing new. */
export function recordPoll(
  { hold }: { readonly hold: Hold },
  view: ProfileView,
  known: Job | null,
  job: Job,
  retryAfterSeconds: number,
  isReadmitted: boolean,
  isNews: boolean,
  explain: () => Wait,
): { readonly job: Job; readonly change?: Change } {
  const { now, settings } = view;
  const isMoved = known === null || orderOf(known) !== orderOf(job);
  if (!isNews && !isMoved && !needsRecord(job, now, settings, hold)) return { job };
  const isBack = (job.asideUntil ?? now + 1) <= now;
  const after = {
    ...withHolder(isBack ? backInLine(job) : job, hold, now),
    ...presenceAfterPoll(job, now, retryAfterSeconds, settings, hold.holdMs),
    waits: addWait(job.waits, explain(), now - enqueuedAt(job.place)),
  };
  const history = isReadmitted ? [describeChange(null, after, false, null, now)] : [];
  // those behind it need not wait for it any more
  const makesRoom = after.limit !== undefined && known?.limit === undefined;
  const change = { jobs: [{ before: known, after }], history, ...(makesRoom && { makesRoom }), ...heard(view) };
  return { job: after, change };
}
