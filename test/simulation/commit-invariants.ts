// The promises (promises.ts) that are kept or broken by what is written to the store. Who is ahead
// and what is idle is worked out here anew, from the jobs and the snapshots alone: never by the
// rules that are under test.
import type { MonitorOrder, PulledLeg } from "../../src/queue/fleet/pulled-legs.ts";
import { hasOpenLeg, isOpen, isOver, type Job, transitions } from "../../src/queue/job/job.ts";
import { orderOf } from "../../src/queue/line/line.ts";
import {
  clockToleranceMs,
  legMemoryMs,
  type QueueSettings,
  rejectedBackoffMs,
  targetMemoryMs,
} from "../../src/queue/settings.ts";
import type { Happening } from "./happening.ts";
import { applyPart, isKnown, type Mirror, type MirroredRow, type Moved, movesOf } from "./mirror.ts";
import type { Check } from "./promises.ts";

type Committed = Extract<Happening, { kind: "committed" }>;

/** Whether the owner of a job is there, by what it was told and when it asked. */
export type IsPresent = (job: Pick<Job, "uniqueId" | "place">) => boolean;

/**
 * Checks a commit on how the store was before it, and takes it in. Returns the jobs that it wrote.
 */
export function checkCommit(
  mirror: Mirror,
  committed: Committed,
  settings: QueueSettings,
  isPresent: IsPresent,
  check: Check,
): readonly Moved[] {
  const { part } = committed;
  const moves = movesOf(mirror, part);
  for (const { before, after } of moves) {
    if (after === null) continue;
    checkHands(after, check);
    if (before === undefined) continue;
    if (before !== null && isSameLife(before, after)) checkMove(before, after, check);
    const isNewClaim = after.state === "claimed" && after.claim?.id !== before?.claim?.id;
    if (isNewClaim) checkClaim(mirror, committed, after, settings, isPresent, check);
  }
  applyPart(mirror, part);
  for (const { after } of moves) if (after !== null) checkCounted(mirror.rows, after, part.loadedAt, check);
  return moves;
}

/**
 * An id may begin anew once its job is over, at another place; and a job may take the older place
 * of a second ticket.
 */
function isSameLife(before: Job, after: Job): boolean {
  return before.place === after.place || !isOver(before.state);
}

function checkMove(before: Job, after: Job, check: Check): void {
  const id = before.uniqueId;
  const isAllowed = before.state === after.state || transitions[before.state].includes(after.state);
  check("moves", isAllowed, () => `${id} went from ${before.state} to ${after.state}`);
  const isSameAnswer = before.answer === undefined || after.answer === undefined || before.answer === after.answer;
  check("one_answer", isSameAnswer, () => `the stored answer of ${id} changed`);
  // a job that is over keeps no claim
  const isOverWithIt = isOver(after.state) && after.claim === undefined;
  if (!hasOpenLeg(before) || isOverWithIt) return;
  check(
    "one_claim",
    before.claim?.id === after.claim?.id,
    () => `${id} has ${before.claim?.id} and ${after.claim?.id}`,
  );
}

function checkHands(job: Job, check: Check): void {
  const { uniqueId, runnerCount, runnersInHand = [], spentRunners = [] } = job;
  check(
    "hands",
    runnersInHand.length <= runnerCount,
    () => `${uniqueId} holds ${runnersInHand.length} of ${runnerCount}`,
  );
  if (job.state === "claimed") check("one_claim", hasOpenLeg(job), () => `${uniqueId} is claimed, and no leg is open`);
  if (job.state === "taken") {
    const isWhole = spentRunners.length >= runnerCount;
    check("hands", isWhole, () => `${uniqueId} is taken with ${spentRunners.length} of ${runnerCount}`);
  }
}

/** A claim of one job, on the line and the fleet as they were when it was decided. */
function checkClaim(
  mirror: Mirror,
  { part, reach }: Committed,
  job: Job,
  settings: QueueSettings,
  isPresent: IsPresent,
  check: Check,
): void {
  const at = part.loadedAt;
  const { uniqueId, claim } = job;
  if (claim === undefined) return;
  const { rows, live, paused } = mirror;
  const isPaused = paused !== null && (paused.until === null || paused.until > at);
  check("acts", !isPaused, () => `${uniqueId} claimed while the profile was paused`);
  let capacity = 0;
  for (const [monitor, row] of rows) capacity += Math.max(0, idleAt(monitor, row, live, at, settings));
  for (const { monitor, runners } of claim.legs) {
    check(
      "reach",
      reach.includes(monitor),
      () => `${uniqueId} claimed at ${monitor}, which its instance does not know`,
    );
    const row = rows.get(monitor);
    if (row === undefined || !isKnown(row)) continue;
    check("acts", row.drainedUntil <= at, () => `${uniqueId} claimed at ${monitor}, which is drained`);
    const idle = idleAt(monitor, row, live, at, settings);
    check("idle", runners <= idle, () => `${uniqueId} claimed ${runners} at ${monitor}, where ${idle} were idle`);
  }
  if ([...rows.values()].some((row) => !isKnown(row))) return;
  const ahead = needsAhead(mirror, job, at, isPresent);
  const runners = [...ahead.values()].reduce((sum, need) => sum + need, 0);
  const isInTurn = runners + claim.needed <= capacity;
  check(
    "order",
    isInTurn,
    () =>
      `${uniqueId} claimed ${claim.needed} of ${capacity}, and ${runners} were needed ahead of it: ${[...ahead.keys()].join(" ")}`,
  );
}

/**
 * Runners that a monitor's last word calls idle, less those that claims hold there or took since.
 */
function idleAt(monitor: string, row: MirroredRow, jobs: Mirror["live"], at: number, settings: QueueSettings): number {
  const latest = at + clockToleranceMs;
  if (row.pull !== undefined) return idleAtFetching(row, row.pull, at);
  const isFresh = !row.isFailing && row.askedAt + settings.snapshotFreshMs >= at && row.askedAt <= latest;
  const isLeftAlone = row.blockedUntil > at && row.blockedUntil <= latest + rejectedBackoffMs;
  const isEmpty = row.emptyAt >= row.askedAt && row.emptyAt <= latest;
  if (!isFresh || isLeftAlone || isEmpty || row.drainedUntil > at) return 0;
  let asked = 0;
  for (const { claim } of jobs.values()) {
    for (const leg of claim?.legs ?? []) {
      // a leg that everybody should have given up long ago no longer counts, so that nothing is
      // blocked for ever
      const isCounted = leg.monitor === monitor && isOpen(leg) && leg.holdUntil + legMemoryMs > at;
      if (isCounted) asked += leg.runners;
    }
  }
  const taken = row.taken.filter(([since]) => since >= row.askedAt && since <= latest);
  return row.idle - asked - taken.reduce((sum, [, runners]) => sum + runners, 0);
}

/** Runners that each present job ahead needs, as far as the fleet could serve it at all. */
function needsAhead(
  { rows, live, lostAt }: Mirror,
  job: Job,
  at: number,
  isPresent: IsPresent,
): ReadonlyMap<string, number> {
  let servable = 0;
  for (const row of rows.values()) {
    const isHeard = row.askedAt + targetMemoryMs > at && row.askedAt <= at + clockToleranceMs;
    if (isHeard && row.drainedUntil <= at) servable += row.target;
  }
  const needs = new Map<string, number>();
  for (const other of live.values()) {
    const need = other.runnerCount - (other.runnersInHand?.length ?? 0);
    const isAhead = `${orderOf(other)}:${other.uniqueId}` < `${orderOf(job)}:${job.uniqueId}`;
    const isAside = other.asideUntil !== undefined || (lostAt !== null && other.clearedFor !== lostAt);
    if (other.uniqueId === job.uniqueId || other.state !== "queued" || !isAhead || isAside || need > servable) continue;
    if (other.isPresent || isPresent(other)) needs.set(other.uniqueId, need);
  }
  return needs;
}

/**
 * The same of a monitor that fetches its takes. Its word is without the runners of each leg that it
 * listed since.
 */
function idleAtFetching(
  row: MirroredRow,
  { presentUntil, bootAt, seq }: MonitorOrder & { presentUntil: number },
  at: number,
): number {
  const isEmpty = row.emptyAt >= row.askedAt && row.emptyAt <= at + clockToleranceMs;
  if (presentUntil <= at || row.drainedUntil > at || isEmpty) return 0;
  const isUnseen = ({ state, order, isListed }: PulledLeg): boolean => {
    if (isListed === true || state === "refused" || state === "withdrawn") return false;
    const isSeenSince = order !== undefined && (order.bootAt < bootAt || (order.bootAt === bootAt && order.seq < seq));
    return state !== "taken" || !isSeenSince;
  };
  return row.idle - (row.pulled ?? []).filter(isUnseen).reduce((sum, { runners }) => sum + runners, 0);
}

/** Where a monitor does not count an open leg, its runners are claimed twice. */
function checkCounted(rows: Mirror["rows"], job: Job, now: number, check: Check): void {
  for (const leg of job.claim?.legs ?? []) {
    const row = rows.get(leg.monitor);
    if (row === undefined || !isKnown(row) || !isOpen(leg) || leg.holdUntil + legMemoryMs <= now) continue;
    const isHere = ({ claimId, state }: PulledLeg) =>
      claimId === job.claim?.id && (state === "offered" || state === "accepted");
    const isCounted = row.out.some(([claimId]) => claimId === job.claim?.id) || row.pulled?.some(isHere) === true;
    check("counted", isCounted, () => `${leg.monitor} does not count the leg of ${job.claim?.id}`);
  }
}
