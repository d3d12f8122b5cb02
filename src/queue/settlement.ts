// What becomes of a job when the outcome of a leg is known: the heart of "nothing is lost".
//
// Settling is fenced by the claim's id and may be repeated: a leg that is settled already is left alone. Legs settle one by
// one, as they come; the job stays claimed while one is open. Runners that came too late for their leg are kept if the
// job can still use them, and reported as leaked if not: there is no way to give one back.
import type { Fleet, FleetRow, LegEnd } from "./fleet.ts";
import { withLegEnded, withLegExtended } from "./fleet.ts";
import { type HeldRunner, heldSince, isOpen, isOver, type Job, type Leg, neededRunners } from "./job.ts";
import { leastEvidenceMs, type QueueSettings } from "./settings.ts";

/**
 * Why a leg ended without runners. "unsent" never left this house; "undecided" was no longer waited for, because the job had all it
 * needed: nobody is to blame for these two.
 */
export type RefusalCause = "unreachable" | "rejected" | "not_reserved" | "no_evidence" | "unsent" | "undecided";

export type LegOutcome =
  | { readonly monitor: string; readonly state: "taken"; readonly runners: readonly HeldRunner[] }
  | { readonly monitor: string; readonly state: "refused"; readonly cause: RefusalCause }
  | {
      readonly monitor: string;
      readonly state: "unknown";
      /** ms from now until evidence counts: 0 where the monitor answered, MONITOR_SETTLE after sending where it stayed silent */
      readonly evidenceInMs: number;
    };

/** A runner that evidence found outside the legs of the current claim, and when it was reserved at the earliest (ms). */
export interface FoundRunner extends HeldRunner {
  readonly since: number;
}

export interface Settlement {
  /** null where no claim is settled: evidence for a job that a lost store may have claimed */
  readonly claimId: string | null;
  readonly legs: readonly LegOutcome[];
  readonly found: readonly FoundRunner[];
  /** the store epoch for which this evidence clears the job */
  readonly clearedFor: number | null;
}

export type SettleReply =
  | { readonly kind: "taken"; readonly answer: string; readonly leaked: readonly string[] }
  | { readonly kind: "queued" | "open" | "failed" | "over" | "lost"; readonly leaked: readonly string[] };

interface Settled {
  readonly job: Job;
  readonly fleet: Fleet;
  readonly reply: SettleReply;
}

/** Applies a settlement to a job and its fleet. Pure; `now` is the store's clock in ms. */
export function settleJob(
  before: Job,
  fleet: Fleet,
  settlement: Settlement,
  now: number,
  settings: QueueSettings,
): Settled {
  const job: Job = { ...before };
  const rows: Record<string, FleetRow> = { ...fleet };
  const leaked: string[] = [];
  const isMine = settlement.claimId !== null && job.claim?.id === settlement.claimId;

  for (const outcome of settlement.legs) {
    const leg = isMine ? job.claim?.legs.find((other) => other.monitor === outcome.monitor) : undefined;
    if (leg === undefined || !isOpen(leg)) {
      // Late news, perhaps of more runners than evidence had shown: what is in hand already is left alone.
      if (outcome.state === "taken") keepOrLeak(job, outcome.runners, now, now, settings, leaked);
      continue;
    }
    settleLeg(job, leg, outcome, rows, now, settings, leaked);
  }
  for (const runner of settlement.found) keepOrLeak(job, [runner], runner.since, now, settings, leaked);
  if (settlement.clearedFor !== null && !isOver(job.state)) job.clearedFor = settlement.clearedFor;

  if (isOver(job.state)) return { job, fleet: rows, reply: replyOf(job, leaked) };
  dropHeld(job, leaked, now - settings.answerTtlMs);
  const hasOpenLeg = job.state === "claimed" && (job.claim?.legs.some(isOpen) ?? false);
  if (neededRunners(job) <= 0 && !hasOpenLeg) finishTaken(job, settings);
  else if (job.state === "claimed" && !hasOpenLeg) returnToLine(job, now, settings, leaked);
  return { job, fleet: rows, reply: replyOf(job, leaked) };
}

/** Until when evidence is waited for. News that comes when it is waited for no longer gives nobody more time. */
function waitForEvidence(leg: Leg, evidenceAfter: number, now: number): Pick<Leg, "evidenceAfter" | "holdUntil"> {
  const isGivenUp = now >= leg.holdUntil;
  return {
    evidenceAfter,
    holdUntil: isGivenUp ? leg.holdUntil : Math.max(leg.holdUntil, evidenceAfter + leastEvidenceMs),
  };
}

/** Ends one open leg (or makes it unknown) and keeps the monitor's row in step. */
function settleLeg(
  job: Job,
  leg: Leg,
  outcome: LegOutcome,
  rows: Record<string, FleetRow>,
  now: number,
  settings: QueueSettings,
  leaked: string[],
): void {
  const claim = job.claim;
  if (claim === undefined) return;
  const settleTo = (change: Partial<Leg>) => {
    const legs = claim.legs.map((other) => (other.monitor === leg.monitor ? { ...leg, ...change } : other));
    job.claim = { ...claim, legs };
  };
  const endRow = (end: LegEnd) => {
    const row = rows[leg.monitor];
    if (row !== undefined) rows[leg.monitor] = withLegEnded(row, claim.id, leg.runners, end, now);
  };
  /** What it waits for longer, it also counts for longer. */
  const extendRow = () => {
    const row = rows[leg.monitor];
    const extended = job.claim?.legs.find(({ monitor }) => monitor === leg.monitor);
    if (row !== undefined && extended !== undefined) rows[leg.monitor] = withLegExtended(row, claim.id, extended);
  };
  switch (outcome.state) {
    case "unknown":
      settleTo({ state: "unknown", ...waitForEvidence(leg, now + outcome.evidenceInMs, now) });
      extendRow();
      job.asked = { ...job.asked, [leg.monitor]: claim.at };
      return;
    case "refused":
      settleTo(outcome.cause === "unsent" ? { state: "refused", unsent: true } : { state: "refused" });
      if (outcome.cause === "not_reserved") job.asked = { ...job.asked, [leg.monitor]: claim.at };
      endRow({ state: "refused", blame: blameOf(outcome.cause) });
      return;
    case "taken": {
      settleTo({ state: "taken" });
      job.asked = { ...job.asked, [leg.monitor]: claim.at };
      endRow({ state: "taken", runners: outcome.runners.length });
      keepOrLeak(job, outcome.runners, claim.at, now, settings, leaked);
      return;
    }
  }
}

function blameOf(cause: RefusalCause): "none" | "refused" | "rejected" {
  if (cause === "unsent" || cause === "undecided") return "none";
  return cause === "rejected" ? "rejected" : "refused";
}

/** Puts runners into the job's hands as far as it can use them; reports the others. */
function keepOrLeak(
  job: Job,
  runners: readonly HeldRunner[],
  since: number,
  now: number,
  settings: QueueSettings,
  leaked: string[],
): void {
  for (const { monitor, id, body } of runners) {
    const name = `${monitor}/${id}`;
    if (job.held?.some((held) => held.monitor === monitor && held.id === id)) continue;
    if (job.known?.includes(name)) continue;
    const isUsable = !isOver(job.state) && neededRunners(job) > 0 && since + settings.answerTtlMs > now;
    if (!isUsable) {
      leaked.push(name);
      job.known = [...(job.known ?? []), name];
      continue;
    }
    job.held = [...(job.held ?? []), { monitor, id, body, since }];
  }
}

/** The answer is all that is kept of the runners, beside their names. */
function finishTaken(job: Job, settings: QueueSettings): void {
  job.state = "taken";
  job.answer = composeAnswer(job.count, job.held ?? []);
  job.answerUntil = heldSince(job) + settings.answerTtlMs;
  dropHeld(job, []);
}

/** Nothing open any more and not enough in hand: back to the old place, or over after MAX_ATTEMPTS refusals. */
function returnToLine(job: Job, now: number, settings: QueueSettings, leaked: string[]): void {
  const hasProgress = neededRunners(job) < (job.claim?.needed ?? 0);
  const wasAsked = job.claim?.legs.some((leg) => leg.unsent !== true) ?? false;
  if (!hasProgress && wasAsked) job.refusals += 1;
  if (job.refusals >= settings.maxAttempts) {
    job.state = "failed";
    dropHeld(job, leaked);
    return;
  }
  job.state = "queued";
  job.awake = job.awakeUntil > now;
}

/** Lets go of the runners in hand that were reserved at `latest` or before (all by default), and adds their names to `leaked`. */
export function dropHeld(job: Job, leaked: string[], latest = Number.POSITIVE_INFINITY): void {
  const gone = (job.held ?? []).filter(({ since }) => since <= latest);
  if (gone.length === 0) return;
  const names = gone.map(({ monitor, id }) => `${monitor}/${id}`);
  leaked.push(...names);
  job.known = [...(job.known ?? []), ...names];
  const kept = (job.held ?? []).filter(({ since }) => since > latest);
  if (kept.length > 0) job.held = kept;
  else delete job.held;
}

/** The body that a take returns: the monitor's own for one runner, one list for several. */
function composeAnswer(count: number, held: readonly HeldRunner[]): string {
  const bodies = held.map(({ body }) => body);
  return count === 1 ? (bodies[0] ?? "null") : `[${bodies.join(",")}]`;
}

function replyOf(job: Job, leaked: readonly string[]): SettleReply {
  if (job.state === "taken") return { kind: "taken", answer: job.answer ?? "null", leaked };
  if (job.state === "failed") return { kind: "failed", leaked };
  if (isOver(job.state)) return { kind: "over", leaked };
  return { kind: job.state === "claimed" ? "open" : "queued", leaked };
}

/** Names of all runners that a settlement brought. */
export function namesOf(settlement: Settlement): string[] {
  const taken = settlement.legs.flatMap((leg) => (leg.state === "taken" ? leg.runners : []));
  return [...taken, ...settlement.found].map(({ monitor, id }) => `${monitor}/${id}`);
}
