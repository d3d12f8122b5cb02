// Sweep: what time alone does. Jobs become absent or are abandoned, let go of what they held too
// long, come back from standing aside; claims whose owner died are taken over; answers and
// tombstones are forgotten. Chart and rates are counted.

import { isInForce } from "../acts.ts";
import { withSample } from "../fleet/chart.ts";
import { idleRunners } from "../fleet/fleet.ts";
import { countRate, type FreedRate, minCountMs } from "../fleet/freed-rate.ts";
import { describeChange, type HistoryEntry } from "../history.ts";
import { isSuspect } from "../job/after-loss.ts";
import { canTakeOver, isLeased } from "../job/claim.ts";
import { awaitsGeneration } from "../job/generation.ts";
import { enqueuedAt, hasOpenLeg, isOver, type Job } from "../job/job.ts";
import { deadlinesOf, isPresentByWord, maxPresenceAheadMs, withAsideOfNow } from "../job/presence.ts";
import { releaseRunners } from "../job/settlement.ts";
import { endJob, isAnswerGood, isForgotten, withoutAnswer } from "../job/tombstone.ts";
import { addWait, plainWait } from "../job/why/waits.ts";
import { backInLine } from "../line/limit.ts";
import { orderOf, placeOfOrder, sumAhead } from "../line/line.ts";
import { flowOf } from "../line/shares.ts";
import { isSilent, keepsPlaces, type Silence } from "../line/silence.ts";
import { claimableJobs } from "../line/turn.ts";
import type { JobChange, Operation, ProfileHead, ProfileView } from "../profile.ts";
import { claimLeaseMs, clockToleranceMs } from "../settings.ts";
import { type Count, countMinute } from "../stats/count.ts";

/**
 * A sweep looks at no more jobs than these at once; when thousands leave together, it is repeated.
 */
export const maxAbsentLooks = 200;

export interface SweepReply {
  readonly now: number;
  readonly lostAt: number;
  readonly abandoned: readonly Job[];
  /** runners let go because the rest of their job's runners did not come in HOLD_TIMEOUT */
  readonly leaked: readonly string[];
  /** claims whose owner died; they are ours now */
  readonly lapsed: readonly Job[];
  readonly freedRate: FreedRate;
  /** there was more to do than is done at once */
  readonly isMore: boolean;
  /** everybody fell silent together, just now */
  readonly isNewlySilent: boolean;
  readonly waitingJobs: number;
  /** whose turn it is, or who has waited for too long: nobody may poll for them */
  readonly toAttend: readonly string[];
  /** jobs for which GitHub may wait again */
  readonly toHear: readonly Job[];
  /** jobs whose reserved runners should have started them by now */
  readonly toWatch: readonly Job[];
}

export function sweepOperation(profileKey: string): Operation<SweepReply> {
  return {
    name: "sweep",
    profileKey,
    reads: { due: true, front: true, sizes: true, figures: true, flows: true, absent: maxAbsentLooks },
    decide: (view) => {
      const silence = decideSilence(view);
      const passed = view.due.map((job) => passTime(job, view, silence));
      const jobs = passed.flatMap(({ change }) => (change === null ? [] : [change]));
      const abandoned = passed.flatMap(({ abandoned: job }) => (job === null ? [] : [job]));
      const { head, counts } = countHead(view, silence);
      const answer: SweepReply = {
        now: view.now,
        lostAt: view.lostAt,
        abandoned,
        leaked: passed.flatMap(({ leaked }) => leaked),
        lapsed: passed.flatMap(({ lapsed }) => (lapsed === null ? [] : [lapsed])),
        freedRate: head.freedRate ?? view.head.freedRate,
        isMore: view.isMoreDue,
        isNewlySilent: silence.silentSince !== null && view.head.silence.silentSince === null,
        waitingJobs: countWaiting(view),
        toAttend: findUnattended(view),
        toHear: view.due.filter(awaitsGeneration),
        toWatch: view.due.filter(({ start }) => start?.lookAt !== undefined && start.lookAt <= view.now),
      };
      if (jobs.length === 0 && Object.keys(head).length === 0) return { answer };
      const history = passed.flatMap((one): HistoryEntry[] =>
        one.abandoned === null ? [] : [describeChange(one.before, one.abandoned, false, null, view.now)],
      );
      const wake = abandoned.map(({ uniqueId }) => uniqueId);
      return { answer, change: { jobs, head, history, counts, wake, makesRoom: jobs.length > 0 } };
    },
  };
}

interface Passed {
  readonly before: Job;
  readonly change: JobChange | null;
  readonly abandoned: Job | null;
  readonly leaked: readonly string[];
  readonly lapsed: Job | null;
}

/** What time does to one job of which something is due. */
function passTime(before: Job, view: ProfileView, silence: Silence): Passed {
  const nothing = { before, abandoned: null, leaked: [], lapsed: null };
  const { now, owner, settings } = view;
  if (isForgotten(before, now)) return { ...nothing, change: { before, after: null } };
  if (before.claim !== undefined && hasOpenLeg(before) && !isLeased(before.claim.leaseUntil, now)) {
    if (!canTakeOver(before, now, view.canReach)) return { ...nothing, change: null };
    const lapsed = { ...before, claim: { ...before.claim, owner, leaseUntil: now + claimLeaseMs } };
    return { ...nothing, change: { before, after: lapsed }, lapsed };
  }
  if (isOver(before.state)) {
    const isStale = before.answer !== undefined && !isAnswerGood(before, now, settings.answerTtlMs);
    return { ...nothing, change: isStale ? { before, after: withoutAnswer(before) } : null };
  }
  if (before.state !== "queued") return { ...nothing, change: null };
  return passQueued(before, view, silence);
}

function passQueued(before: Job, view: ProfileView, silence: Silence): Passed {
  const { now, settings } = view;
  const released = releaseRunners(withAsideOfNow(before, now, settings), now, settings, now - settings.holdTimeoutMs);
  const deadlines = deadlinesOf(notFromFuture(before, view), view.renewedAt, settings);
  const isKept = keepsPlaces(silence, now);
  if (deadlines.abandonAt <= now && !isKept) {
    const all = releaseRunners(released.job, now, settings);
    const abandoned = endJob({ ...all.job, state: "abandoned" }, now, settings);
    const leaked = [...released.leaked, ...all.leaked];
    return { before, change: { before, after: abandoned }, abandoned, leaked, lapsed: null };
  }
  // looked at again by then; who is heard meanwhile gives everybody their time anew
  const abandonAt = isKept ? Math.max(deadlines.abandonAt, now + settings.abandonAfterMs) : deadlines.abandonAt;
  const presence = isPresentByWord(before)
    ? { isPresent: true }
    : { ...deadlines, abandonAt, isPresent: deadlines.presentUntil > now };
  const isBack = (released.job.asideUntil ?? now + 1) <= now;
  const after: Job = { ...(isBack ? backInLine(released.job) : released.job), ...presence };
  if (before.isPresent && !after.isPresent) {
    after.waits = addWait(before.waits, plainWait("asleep"), now - enqueuedAt(before.place));
  }
  return { before, change: { before, after }, abandoned: null, leaked: released.leaked, lapsed: null };
}

/** A job whose deadlines were written before the clock was set back has its time anew. */
function notFromFuture(job: Job, { now, settings }: ProfileView): Job {
  const latest = now + maxPresenceAheadMs(settings) + clockToleranceMs;
  const isPossible = job.presentUntil <= latest && job.abandonAt <= latest;
  return isPossible ? job : { ...job, presentUntil: now, abandonAt: now + settings.abandonAfterMs };
}

/** Whether all fell silent together: looked at when the first of them would be abandoned. */
export function decideSilence(view: ProfileView): Silence {
  const { head, now, settings, renewedAt } = view;
  const isOverdue = view.due.some(
    (job) => job.state === "queued" && deadlinesOf(job, renewedAt, settings).abandonAt <= now,
  );
  if (!isOverdue || head.silence.silentSince !== null) return head.silence;
  const heard = view.absent.filter(({ limit, presentUntil }) => limit !== undefined && presentUntil > now);
  const present = sumAhead(view.sizes.line, Number.POSITIVE_INFINITY).jobs + heard.length;
  const stillPresent = view.due.filter(
    (job) => job.isPresent && deadlinesOf(job, renewedAt, settings).presentUntil <= now,
  );
  const absent = [
    ...new Map(
      [...view.absent, ...view.due.filter(({ state }) => state === "queued")].map((job) => [job.uniqueId, job]),
    ).values(),
  ];
  return isSilent(present - stillPresent.length, absent) ? { ...head.silence, silentSince: now } : head.silence;
}

/**
 * Only those who are detached need it, which is looked at next. The oldest of them stand at the
 * front of the line. Of those whom a limit holds, the first of each flow asks whether there is room.
 */
function findUnattended({ capacity, front, absent, head, now, settings, lostAt }: ProfileView): readonly string[] {
  const claimable = isInForce(head.paused, now) ? [] : claimableJobs(capacity, front, now, settings);
  const overdue = front.filter(({ order }) => enqueuedAt(placeOfOrder(order)) + settings.detachedMaxWaitMs <= now);
  const suspects = absent.filter((job) => isPresentByWord(job) && isSuspect(job, lostAt));
  const held = new Map<string, Job>();
  for (const job of absent) {
    if (job.limit === undefined || job.detached === undefined) continue;
    const first = held.get(flowOf(job));
    if (first === undefined || orderOf(job) < orderOf(first)) held.set(flowOf(job), job);
  }
  const others = [...overdue, ...suspects, ...held.values()];
  return [...new Set([...claimable, ...others.map(({ uniqueId }) => uniqueId)])];
}

function countWaiting({ sizes }: ProfileView): number {
  return sumAhead([...sizes.line, ...sizes.aside], Number.POSITIVE_INFINITY).jobs;
}

/** What is counted of the profile, where it was not counted a moment ago. */
function countHead(
  view: ProfileView,
  silence: Silence,
): { readonly head: Partial<ProfileHead>; readonly counts: readonly Count[] } {
  const { head, now, settings, capacity, sizes } = view;
  const changed: { -readonly [Part in keyof ProfileHead]?: ProfileHead[Part] } = {};
  if (silence !== head.silence) changed.silence = silence;
  const sinceMs = now - head.freedRate.at;
  if (sinceMs >= minCountMs || sinceMs < 0) {
    const { servable } = capacity.totals(now);
    const wanted = isInForce(head.paused, now) ? 0 : sumAhead(sizes.line, servable).runners;
    changed.freedRate = countRate(head.freedRate, capacity, wanted, now, settings.snapshotFreshMs);
  }
  const idle = () => idleRunners(capacity.rows, now, settings.snapshotFreshMs);
  const chart = withSample(head.chart, now, () => [countWaiting(view), idle()]);
  if (chart === head.chart) return { head: changed, counts: [] };
  const present = sumAhead(sizes.line, Number.POSITIVE_INFINITY).runners;
  // with the minute's sample, which one instance alone can write
  return { head: { ...changed, chart }, counts: countMinute(countWaiting(view), present, idle(), now) };
}
