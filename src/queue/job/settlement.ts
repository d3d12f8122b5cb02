// What becomes of a job when the outcome of a leg is known: the heart of "nothing is lost".
//
// Settling is fenced by the claim's id and may be repeated: a leg that is settled is left alone. The
// job stays claimed while one is open. Late runners are kept where it needs them, else leaked.
import { type Fleet, type FleetRow, type LegEnd, type Takes, withLegEnded, withLegExtended } from "../fleet/fleet.ts";
import { minEvidenceMs, type QueueSettings } from "../settings.ts";
import { type Age, ageByLeg, ageBySight } from "./age.ts";
import {
  enqueuedAt,
  type HeldRunner,
  hasOpenLeg,
  heldSince,
  isOpen,
  isOver,
  type Job,
  type Leg,
  neededRunners,
} from "./job.ts";
import type { LegOutcome, RefusalCause } from "./leg-outcome.ts";
import { isPresentByWord } from "./presence.ts";
import { withRefusal } from "./refusal.ts";
import { nameAtGithub } from "./runner-name.ts";
import { beginStart } from "./start.ts";
import { endJob } from "./tombstone.ts";
import { addTry } from "./why/tries.ts";

/** A runner that evidence found outside the legs of the current claim, and when it was reserved at the earliest (ms). */
export interface FoundRunner extends HeldRunner {
  readonly since: number;
}

export interface Settlement {
  /** null where no claim is settled: evidence for a job that a lost store may have claimed */
  readonly claimId: string | null;
  /** when that claim was made: what its legs bring was reserved then at the earliest, also where the claim is forgotten */
  readonly claimedAt: number;
  readonly legs: readonly LegOutcome[];
  readonly found: readonly FoundRunner[];
  /** the store epoch for which this evidence clears the job */
  readonly clearedFor: number | null;
}

export type SettleReply =
  | { readonly kind: "taken"; readonly answer: string; readonly isNew: boolean }
  | { readonly kind: "queued" | "open" | "over" }
  | { readonly kind: "failed"; readonly isNew: boolean }
  /** the ticket is not this job's any more */
  | { readonly kind: "lost" };

export interface Settled {
  readonly job: Job;
  /** what changed in the monitors' rows */
  readonly takes: ReadonlyMap<string, Takes>;
  readonly reply: SettleReply;
  /** `monitor/id` of runners that are reserved and that no job will use */
  readonly leaked: readonly string[];
}

/** A settlement under way: the job and the rows as they are by now. */
interface Draft {
  job: Job;
  readonly rows: Map<string, FleetRow>;
  readonly takes: Map<string, Takes>;
  readonly leaked: string[];
}

/**
 * Applies a settlement to a job and its fleet. `now` is the store's clock in ms.
 * @param doOthersWait whether another job is there that could be tried at the same monitors
 */
export function settleJob(
  before: Job,
  fleet: Fleet,
  settlement: Settlement,
  now: number,
  settings: QueueSettings,
  doOthersWait = false,
): Settled {
  const draft: Draft = { job: { ...before }, rows: new Map(fleet), takes: new Map(), leaked: [] };
  const isMine = settlement.claimId !== null && before.claim?.id === settlement.claimId;
  for (const outcome of settlement.legs) {
    const leg = isMine ? draft.job.claim?.legs.find((other) => other.monitor === outcome.monitor) : undefined;
    if (leg !== undefined && isOpen(leg)) settleLeg(draft, leg, outcome, now, settings);
    // Late news, perhaps of more runners than evidence had shown: what is in hand already is left alone.
    else if (outcome.state === "taken") {
      keepOrLeak(draft, outcome.runners, ageBySight(settlement.claimedAt, now, settings), now, settings);
    }
  }
  // it was just seen: so late it may have been reserved
  for (const runner of settlement.found) keepOrLeak(draft, [runner], { since: runner.since, by: now }, now, settings);
  if (settlement.clearedFor !== null && !isOver(draft.job.state)) draft.job.clearedFor = settlement.clearedFor;
  const wasOver = isOver(before.state);
  if (!wasOver) decideEnd(draft, now, settings, doOthersWait);
  const job = isOver(draft.job.state) && !wasOver ? endJob(draft.job, now, settings) : draft.job;
  return { job, takes: draft.takes, reply: replyOf(job, !wasOver), leaked: draft.leaked };
}

/** Where the job stands once this is settled. */
function decideEnd(draft: Draft, now: number, settings: QueueSettings, doOthersWait: boolean): void {
  const released = releaseRunners(draft.job, now, settings, now - settings.answerTtlMs);
  draft.job = released.job;
  draft.leaked.push(...released.leaked);
  const isStillOpen = draft.job.state === "claimed" && hasOpenLeg(draft.job);
  if (isStillOpen) return;
  if (neededRunners(draft.job) <= 0) draft.job = finishTaken(draft.job, now, settings);
  else if (draft.job.state === "claimed") returnToLine(draft, now, settings, doOthersWait);
}

/** Until when evidence is waited for. Late news never extends the wait. */
function waitForEvidence(leg: Leg, evidenceAfter: number, now: number): Pick<Leg, "evidenceAfter" | "holdUntil"> {
  const isGivenUp = now >= leg.holdUntil;
  return {
    evidenceAfter,
    holdUntil: isGivenUp ? leg.holdUntil : Math.max(leg.holdUntil, evidenceAfter + minEvidenceMs),
  };
}

/** Ends one open leg (or makes it unknown) and keeps the monitor's row in step. */
function settleLeg(draft: Draft, leg: Leg, outcome: LegOutcome, now: number, settings: QueueSettings): void {
  const { claim } = draft.job;
  if (claim === undefined) return;
  const row = draft.rows.get(leg.monitor);
  const settleTo = (change: Partial<Leg>): Leg => {
    const settled = { ...leg, ...change };
    const legs = claim.legs.map((other) => (other.monitor === leg.monitor ? settled : other));
    draft.job = { ...draft.job, claim: { ...claim, legs } };
    return settled;
  };
  const changeRow = (change: (row: FleetRow) => Takes) => {
    if (row === undefined) return;
    const takes = change(row);
    draft.takes.set(leg.monitor, takes);
    draft.rows.set(leg.monitor, { ...row, ...takes });
  };
  const endRow = (end: LegEnd) => changeRow((known) => withLegEnded(known, claim.id, leg.runners, end, now));
  const noteAsked = () => {
    draft.job.asked = { ...draft.job.asked, [leg.monitor]: claim.at };
  };
  const noteTry = (end: string, words: string) => {
    draft.job.tries = addTry(draft.job.tries, leg.monitor, end, words, now - enqueuedAt(draft.job.place));
  };
  switch (outcome.state) {
    case "unknown": {
      const words = outcome.words === undefined ? {} : { words: outcome.words };
      const extended = settleTo({
        state: "unknown",
        ...waitForEvidence(leg, now + outcome.evidenceInMs, now),
        ...words,
      });
      // what it waits for longer, it also counts for longer
      changeRow((known) => withLegExtended(known, claim.id, extended));
      noteAsked();
      return;
    }
    case "refused": {
      const { uniqueId } = draft.job;
      const isOthersFault = row?.refusedJobs.some((id) => id !== uniqueId) ?? false;
      settleTo({ state: "refused", isCharged: outcome.cause === "not_reserved" && !isOthersFault });
      if (outcome.cause === "not_reserved") noteAsked();
      noteTry(outcome.cause, outcome.words ?? leg.words ?? "");
      endRow({ state: "refused", blame: blameOf(outcome.cause), uniqueId });
      return;
    }
    case "taken":
      settleTo({ state: "taken" });
      noteTry("taken", leg.words ?? "");
      noteAsked();
      endRow({ state: "taken", runners: outcome.runners.length });
      keepOrLeak(draft, outcome.runners, ageBySight(leg.acceptedAt ?? claim.at, now, settings), now, settings);
      return;
  }
}

function blameOf(cause: RefusalCause): "none" | "refused" | "rejected" {
  if (cause === "unsent" || cause === "undecided") return "none";
  return cause === "rejected" ? "rejected" : "refused";
}

/** Puts runners into the job's hands as far as it can use them; reports the others. */
function keepOrLeak(
  draft: Draft,
  runners: readonly HeldRunner[],
  age: Age,
  now: number,
  settings: QueueSettings,
): void {
  // the clock was set back: nothing was reserved later than now
  const since = Math.min(age.since, now);
  for (const { monitor, id, body } of runners) {
    const name = `${monitor}/${id}`;
    const { job } = draft;
    const isInHand = job.runnersInHand?.some(
      (held) => held.id === id && (held.monitor === monitor || held.body === body),
    );
    if (isInHand || job.spentRunners?.includes(name)) continue;
    const isTooOld = since + settings.answerTtlMs <= now;
    if (isOver(job.state) || neededRunners(job) <= 0 || isTooOld) {
      draft.leaked.push(name);
      job.spentRunners = [...(job.spentRunners ?? []), name];
      if (!isOver(job.state) && isTooOld) standAside(job, age.by, settings);
    } else {
      job.runnersInHand = [...(job.runnersInHand ?? []), { monitor, id, body, since }];
    }
  }
}

/**
 * A runner that was let go carries the job's label until its monitor destroys it: the next one is reserved after that.
 * @param reservedAt when it was reserved at the latest
 */
function standAside(job: Job, reservedAt: number, settings: QueueSettings): void {
  // whether a limit holds it, too, is asked when its turn comes
  delete job.limit;
  job.asideUntil = Math.max(job.asideUntil ?? 0, reservedAt + settings.monitorReserveTimeoutMs);
}

/** The answer is all that is kept of the runners, beside their names. */
function finishTaken(job: Job, now: number, settings: QueueSettings): Job {
  const answer = composeAnswer(job.runnerCount, job.runnersInHand ?? []);
  const answerUntil = heldSince(job) + settings.answerTtlMs;
  const names = namesOfRunners(job.runnersInHand ?? []);
  const { runnersInHand: _, asideUntil: __, limit: ___, ...rest } = job;
  const runnerNames = (job.runnersInHand ?? []).flatMap(({ body }) => nameAtGithub(body) ?? []);
  return {
    ...rest,
    state: "taken",
    answer,
    answerUntil,
    spentRunners: [...(job.spentRunners ?? []), ...names],
    ...(runnerNames.length > 0 && { runnerNames }),
    ...(settings.startWatch !== "off" && { start: beginStart(names, heldSince(job), now, settings.startTimeoutMs) }),
  };
}

/** Nothing open any more and not enough in hand: back to the old place, or over after MAX_ATTEMPTS refusals. */
function returnToLine(draft: Draft, now: number, settings: QueueSettings, doOthersWait: boolean): void {
  const legs = draft.job.claim?.legs ?? [];
  const hasProgress = neededRunners(draft.job) < (draft.job.claim?.needed ?? 0);
  const isCharged = legs.some((leg) => leg.isCharged === true);
  const isAsked = ({ monitor }: Leg) => draft.job.asked?.[monitor] === draft.job.claim?.at;
  const isRefused = legs.some((leg) => leg.isCharged === false && isAsked(leg));
  if (hasProgress) delete draft.job.unchargedRefusals;
  else if (isCharged || isRefused) draft.job = withRefusal(draft.job, isCharged, doOthersWait, now, settings);
  const { job } = draft;
  if (job.refusals >= settings.maxAttempts) {
    const released = releaseRunners(job, now, settings);
    draft.leaked.push(...released.leaked);
    draft.job = { ...released.job, state: "failed" };
    return;
  }
  job.state = "queued";
  job.isPresent = job.presentUntil > now || isPresentByWord(job);
}

export interface Released {
  readonly job: Job;
  readonly leaked: readonly string[];
}

/** Lets go of the runners in hand that were reserved at `reservedBy` or before (all by default), and names them. */
export function releaseRunners(
  job: Job,
  now: number,
  settings: QueueSettings,
  reservedBy = Number.POSITIVE_INFINITY,
): Released {
  const inHand = job.runnersInHand ?? [];
  const gone = inHand.filter(({ since }) => since <= reservedBy);
  if (gone.length === 0) return { job, leaked: [] };
  const leaked = namesOfRunners(gone);
  const { runnersInHand: _, ...rest } = job;
  const released: Job = { ...rest, spentRunners: [...(job.spentRunners ?? []), ...leaked] };
  const kept = inHand.filter(({ since }) => since > reservedBy);
  if (kept.length > 0) released.runnersInHand = kept;
  for (const { since } of gone) standAside(released, ageByLeg(since, now, settings).by, settings);
  return { job: released, leaked };
}

/** The body that a take returns: the monitor's own for one runner, one list for several. */
function composeAnswer(runnerCount: number, held: readonly HeldRunner[]): string {
  const bodies = held.map(({ body }) => body);
  return runnerCount === 1 ? (bodies[0] ?? "null") : `[${bodies.join(",")}]`;
}

function replyOf(job: Job, isNew: boolean): SettleReply {
  if (job.state === "taken") return { kind: "taken", answer: job.answer ?? "null", isNew };
  if (job.state === "failed") return { kind: "failed", isNew };
  if (isOver(job.state)) return { kind: "over" };
  return { kind: job.state === "claimed" ? "open" : "queued" };
}

/** `monitor/id` of each. */
export function namesOfRunners(runners: readonly Pick<HeldRunner, "monitor" | "id">[]): string[] {
  return runners.map(({ monitor, id }) => `${monitor}/${id}`);
}

/** Names of all runners that a settlement brought. */
export function namesOfSettlement({ legs, found }: Settlement): string[] {
  return namesOfRunners([...legs.flatMap((leg) => (leg.state === "taken" ? leg.runners : [])), ...found]);
}
