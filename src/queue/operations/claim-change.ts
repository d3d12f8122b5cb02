// What a poll that wins writes: the claim with its legs, what is out at each monitor, and what all
// of it relied on. Nobody is asked before this is written.
import { type Takes, withLegOut } from "../fleet/fleet.ts";
import type { PlannedLeg } from "../fleet/placement.ts";
import { wakeNameOf } from "../fleet/pulled-legs.ts";
import { describeChange } from "../history.ts";
import { claimJob } from "../job/claim.ts";
import { enqueuedAt, isOver, isPulled, type Job } from "../job/job.ts";
import { type Hold, presenceAfterPoll, withHolder } from "../job/presence.ts";
import { addWait, plainWait } from "../job/why/waits.ts";
import { backInLine } from "../line/limit.ts";
import { entryOf, orderOf } from "../line/line.ts";
import type { Change, ProfileView } from "../profile.ts";
import { heard } from "./enqueue.ts";

/**
 * The claim: what it writes, and what it relies on. A held request goes on where it is refused.
 * @param asked the id of the claim, and how its request is held
 */
export function claimFor(
  { claimId, hold }: { readonly claimId: string; readonly hold: Hold },
  view: ProfileView,
  known: Job | null,
  job: Job,
  legs: readonly PlannedLeg[],
  rank: number,
  isAsideCounted: boolean,
): Change & { readonly job: Job } {
  const { now, settings, owner, lostAt, capacity } = view;
  const rest = backInLine(job);
  const waits = addWait(job.waits, plainWait("claim_in_flight"), now - enqueuedAt(job.place));
  const present = { ...withHolder(rest, hold, now), ...presenceAfterPoll(job, now, 1, settings, hold.holdMs), waits };
  const isFetched = (monitor: string) => capacity.rows.get(monitor)?.pull !== undefined;
  const claimed = claimJob(present, legs, { id: claimId, owner }, now, settings, isFetched);
  const takes = new Map<string, Takes>();
  for (const leg of claimed.claim.legs) {
    const row = capacity.rows.get(leg.monitor);
    if (row !== undefined) takes.set(leg.monitor, withLegOut(row, job, claimId, leg, now));
  }
  const offeredTo = claimed.claim.legs.filter(isPulled).map(({ monitor }) => wakeNameOf(monitor));
  const wasInLine = known !== null && !isOver(known.state) && entryOf(known, lostAt)?.list === "line";
  const { servable } = capacity.totals(now);
  return {
    job: claimed,
    jobs: [{ before: known, after: claimed }],
    takes,
    history: [describeChange(known, claimed, false, null, now)],
    ...(offeredTo.length > 0 && { wake: offeredTo }),
    // who was in line takes what its place reserved; who was not takes what others counted on
    raisesRoom: !wasInLine,
    relies: {
      onRoom: true,
      onRank: { uniqueId: job.uniqueId, order: orderOf(job), servable, runners: rank, isAsideCounted },
    },
    ...heard(view),
  };
}
