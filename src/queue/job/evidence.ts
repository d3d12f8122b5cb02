// Settling by evidence: what monitors' dashboards say about a job of which a leg's outcome is
// unknown.
//
// A runner is found by its label `reserved-for:<unique_id>`, on every monitor that may ever have
// been asked. "Not found" counts only once all of those were looked at, or can no longer hold
// anything: a runner may stand where it is not expected.

import { legTimes, type QueueSettings, sendWithinMs } from "../settings.ts";
import { unknownTime } from "./age.ts";
import { enqueuedAt, type HeldRunner, isOpen, isPulled, type Job, type Leg } from "./job.ts";
import type { LegOutcome } from "./leg-outcome.ts";
import type { FoundRunner, Settlement } from "./settlement.ts";

/**
 * What one monitor showed: its runners reserved for the job, or nothing to be had until it no
 * longer mattered.
 */
export type Evidence =
  | {
      readonly kind: "seen";
      readonly runners: readonly HeldRunner[];
      /** ids of runners that are reserved for others as well: they prove nothing */
      readonly ambiguous: readonly string[];
    }
  | { readonly kind: "none" };

/** Where to look for evidence, and from when on it counts (ms on the store's clock). */
export interface EvidenceNeed {
  readonly monitor: string;
  /** from then on a dashboard counts that was read behind the monitor's barrier */
  readonly after: number;
  /**
   * from then on one counts that was not: the monitor can no longer be at work on anything older
   */
  readonly afterBlind: number;
  /** when evidence is no longer waited for */
  readonly until: number;
  /** when a runner found there was reserved at the earliest */
  readonly since: number;
}

/**
 * A monitor's web server may hold a request for so long before its one thread sees it; the barrier
 * passes what the thread has.
 */
const webServerMs = 3_000;

/**
 * The monitors to look at. Every open leg's; every monitor asked before that may still hold an
 * unused runner; all of them where the store may have forgotten a claim (`lostAt`: when that was,
 * else null).
 * @param isFetched whether a monitor fetches its takes: it lists all that it accepted, so that
 * nothing that was refused there can be reserved
 */
export function planEvidence(
  job: Job,
  monitors: readonly string[],
  lostAt: number | null,
  now: number,
  settings: Pick<QueueSettings, "monitorSettleMs" | "unknownHoldMs">,
  isFetched: (monitor: string) => boolean = () => false,
): readonly EvidenceNeed[] {
  const needs = new Map<string, EvidenceNeed>();
  // nobody knows how long ago something was that was before the clock was set: not before that
  const { clockSince = 0 } = job;
  if (lostAt !== null) {
    // an epoch begins after the one before it, so ahead of a clock that was set back
    const sentBy = Math.max(clockSince, Math.min(lostAt, now)) + sendWithinMs;
    for (const monitor of monitors) {
      needs.set(monitor, {
        monitor,
        after: sentBy + Math.min(webServerMs, settings.monitorSettleMs),
        afterBlind: sentBy + settings.monitorSettleMs,
        until: sentBy + settings.unknownHoldMs,
        // the forgotten claim may be as old as the job
        since: enqueuedAt(job.place),
      });
    }
  }
  for (const [monitor, at] of Object.entries(job.asked ?? {})) {
    const until = Math.max(clockSince, Math.min(at, now)) + sendWithinMs + settings.unknownHoldMs;
    if (until > now && !needs.has(monitor) && !isFetched(monitor)) {
      needs.set(monitor, { monitor, after: now, afterBlind: now, until, since: at });
    }
  }
  for (const leg of job.claim?.legs ?? []) {
    if (!isOpen(leg) || isPulled(leg)) continue;
    const known = needs.get(leg.monitor);
    const own = timesOf(leg, job.claim?.at === unknownTime ? clockSince : null, now, settings);
    const after = Math.max(own.after, known?.after ?? 0);
    needs.set(leg.monitor, {
      monitor: leg.monitor,
      after,
      afterBlind: Math.max(after, known?.afterBlind ?? 0),
      until: Math.max(own.until, known?.until ?? 0),
      since: job.claim?.at ?? now,
    });
  }
  return [...needs.values()];
}

/**
 * When evidence of a leg counts, and until when it is waited for: by its own times, but no later
 * than for one that is sent now. A time further ahead is from before the clock was set back.
 * @param sentBy when it was sent at the latest, where its own times are of another clock; else null
 */
function timesOf(
  leg: Leg,
  sentBy: number | null,
  now: number,
  settings: Pick<QueueSettings, "monitorSettleMs" | "unknownHoldMs">,
): { readonly after: number; readonly until: number } {
  const { evidenceAfter, holdUntil } = legTimes(leg.runners, sentBy ?? now, settings);
  if (sentBy !== null) return { after: evidenceAfter, until: holdUntil };
  return { after: Math.min(leg.evidenceAfter, evidenceAfter), until: Math.min(leg.holdUntil, holdUntil) };
}

/**
 * The settlement that the evidence so far supports, or null while more is needed. What is in hand
 * or was let go is no news.
 * @param lostAt the store epoch whose forgotten claims this evidence covers, else null
 */
export function decideByEvidence(
  job: Job,
  needs: readonly EvidenceNeed[],
  evidence: ReadonlyMap<string, Evidence>,
  lostAt: number | null,
): Settlement | null {
  const openLegs = job.claim?.legs.filter((leg) => isOpen(leg) && !isPulled(leg)) ?? [];
  const isComplete = needs.every(({ monitor }) => evidence.has(monitor));
  const found = needs.flatMap(({ monitor, since }) =>
    newRunners(job, evidence.get(monitor)).map((runner) => ({ ...runner, since })),
  );
  const missing = job.runnerCount - (job.runnersInHand?.length ?? 0);
  if (!isComplete && found.length < missing) return null;

  const elsewhere: FoundRunner[] = [];
  const byLeg = new Map(openLegs.map((leg) => [leg.monitor, [] as HeldRunner[]]));
  for (const runner of found) {
    const mine = byLeg.get(runner.monitor);
    const { since, ...held } = runner;
    if (mine === undefined) elsewhere.push(runner);
    else mine.push(held);
  }
  const legs = openLegs.map((leg): LegOutcome => {
    const runners = byLeg.get(leg.monitor) ?? [];
    if (runners.length > 0) return { monitor: leg.monitor, state: "taken", runners };
    const shown = evidence.get(leg.monitor);
    if (shown === undefined) return { monitor: leg.monitor, state: "refused", cause: "undecided" };
    return { monitor: leg.monitor, state: "refused", cause: shown.kind === "seen" ? "not_reserved" : "no_evidence" };
  });
  const claimId = openLegs.length > 0 ? (job.claim?.id ?? null) : null;
  return { claimId, claimedAt: job.claim?.at ?? enqueuedAt(job.place), legs, found: elsewhere, clearedFor: lostAt };
}

function newRunners(job: Job, evidence: Evidence | undefined): readonly HeldRunner[] {
  if (evidence?.kind !== "seen") return [];
  return evidence.runners.filter(({ monitor, id }) => {
    const isInHand = job.runnersInHand?.some((held) => held.monitor === monitor && held.id === id) ?? false;
    return !isInHand && !(job.spentRunners?.includes(`${monitor}/${id}`) ?? false);
  });
}
