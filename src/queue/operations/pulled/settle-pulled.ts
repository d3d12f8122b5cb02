// Settles a leg at a monitor that fetches its takes: by what the monitor says of it, by a snapshot
// that does not list it, or because its time is over. Whatever comes first counts, in one commit of
// row and job; what comes again is recognised, and what contradicts it changes nothing.
import { type FleetRow, type Takes, takesOf } from "../../fleet/fleet.ts";
import {
  isLaterOrder,
  isOpenPulled,
  isRepeatable,
  type MonitorOrder,
  type PulledLeg,
  withPulledLeg,
} from "../../fleet/pulled-legs.ts";
import { enqueuedAt, type HeldRunner, isOver, type Job, type Leg, ticketOf } from "../../job/job.ts";
import type { LegParts } from "../../job/leg-name.ts";
import type { LegOutcome } from "../../job/leg-outcome.ts";
import type { SettleReply } from "../../job/settlement.ts";
import type { Decision, Operation, ProfileView } from "../../profile.ts";
import { decideSettlement } from "../settle.ts";
import { pulledLegOf } from "./accept-leg.ts";

export type PulledEnd =
  /** `isListed`: a snapshot shows them, or comes with this */
  | { readonly kind: "taken"; readonly runners: readonly HeldRunner[]; readonly isListed: boolean }
  | { readonly kind: "refused"; readonly isListed: boolean }
  /** a snapshot of this order does not list the leg */
  | { readonly kind: "unlisted"; readonly key: string | null };

export interface PulledCommand extends LegParts {
  readonly monitor: string;
  readonly order: MonitorOrder;
  readonly end: PulledEnd;
}

export interface PulledAnswer {
  /** "open": there is nothing to settle it by */
  readonly kind: "settled" | "settled_otherwise" | "unknown" | "superseded" | "open";
  /** what it came to, where this very call settled it */
  readonly news: { readonly job: Job; readonly reply: SettleReply; readonly leaked: readonly string[] } | null;
  /** runners that it names for a leg that was given up: `monitor/id` */
  readonly tooLate?: readonly string[];
}

/** What a monitor says of its leg. The same again is "settled", and something else "settled_otherwise". */
export function settlePulledOperation(command: PulledCommand): Operation<PulledAnswer> {
  const { profileKey, uniqueId, claimId, monitor, order, end } = command;
  return {
    // a reply that is lost is asked for again under the same commit
    name: "settle",
    profileKey,
    reads: { jobs: [{ uniqueId, order: null }], front: true, flows: true },
    decide: (view) => {
      const row = view.capacity.rows.get(monitor);
      const known = row?.pulled?.find((leg) => leg.claimId === claimId && leg.uniqueId === uniqueId);
      if (row === undefined || known === undefined) return none("unknown");
      if (row.pull !== undefined && row.pull.bootAt > order.bootAt) return none("superseded");
      if (!isOpenPulled(known)) {
        if (isSameEnd(known, end)) return none("settled");
        const isGivenUp = known.state !== "taken" && end.kind === "taken";
        const tooLate = isGivenUp ? end.runners.map(({ id }) => `${monitor}/${id}`) : [];
        return { answer: { kind: "settled_otherwise", news: null, ...(tooLate.length > 0 && { tooLate }) } };
      }
      const { job } = view.job(uniqueId);
      const leg = job === null ? undefined : pulledLegOf(job, claimId, monitor);
      if (job === null || leg === undefined) return none("unknown");
      if (end.kind === "unlisted") {
        const isReplayed = known.key !== undefined && known.key === end.key && isRepeatable(known, view.now);
        const isEvidence = known.state === "accepted" && known.order !== undefined && isLaterOrder(order, known.order);
        if (isReplayed || !isEvidence) return none("open");
      }
      const isDeclined = known.state === "offered" && end.kind === "refused";
      const outcome: LegOutcome = isDeclined
        ? { monitor, state: "refused", cause: "unsent", words: "declined the offer" }
        : outcomeOf(monitor, end, job.runnerCount);
      const ids = end.kind === "taken" ? end.runners.map(({ id }) => id) : [];
      return settleTo(view, job, leg, row, outcome, { order, ids, isListed: end.kind !== "unlisted" && end.isListed });
    },
  };
}

export interface LookAnswer {
  readonly reply: SettleReply;
  readonly leg: "offered" | "accepted" | "taken" | "refused";
  /** when it is to be looked at again, on the store's clock (ms); null: never */
  readonly dueAt: number | null;
  readonly now: number;
  readonly news: PulledAnswer["news"];
}

/**
 * What time, or the end of its job, does to a leg: an offer that nobody took on is withdrawn, and a
 * monitor that accepted and fell silent for good is no longer waited for.
 */
export function lookAtPulledLegOperation(
  { profileKey, uniqueId, claimId }: LegParts,
  monitor: string,
): Operation<LookAnswer> {
  return {
    name: "settle",
    profileKey,
    reads: { jobs: [{ uniqueId, order: null }], front: true, flows: true },
    decide: (view) => {
      const { now } = view;
      const { job } = view.job(uniqueId);
      const over = { reply: { kind: "over" } as const, leg: "refused" as const, dueAt: null, now, news: null };
      const leg = job === null ? undefined : pulledLegOf(job, claimId, monitor);
      if (job === null || leg === undefined) return { answer: over };
      if (leg.state === "taken" || leg.state === "refused") {
        return { answer: { ...over, leg: leg.state, reply: standingOf(job) } };
      }
      const isOffered = leg.state === "offered";
      const dueAt = isOffered ? (leg.offeredUntil ?? 0) : leg.holdUntil;
      const row = view.capacity.rows.get(monitor);
      const isDropped = isOffered && (isOver(job.state) || (row?.drainedUntil ?? 0) > now);
      if (dueAt > now && !isDropped) {
        return { answer: { ...over, reply: { kind: "open" }, leg: isOffered ? "offered" : "accepted", dueAt } };
      }
      const words = isOffered ? "did not take on the offer" : "accepted, and was not heard of again";
      const cause = isOffered ? (isDropped ? "undecided" : "unreachable") : "no_evidence";
      const { answer, change } = settleTo(view, job, leg, row, { monitor, state: "refused", cause, words }, null);
      return {
        answer: { ...over, reply: answer.news?.reply ?? over.reply, news: answer.news },
        ...(change !== undefined && { change }),
      };
    },
  };
}

/** How a settlement of this job would stand now. */
function standingOf(job: Job): SettleReply {
  if (job.state === "taken") return { kind: "taken", answer: job.answer ?? "null", isNew: false };
  if (job.state === "failed") return { kind: "failed", isNew: false };
  if (isOver(job.state)) return { kind: "over" };
  return { kind: job.state === "claimed" ? "open" : "queued" };
}

function none(kind: PulledAnswer["kind"]): Decision<PulledAnswer> {
  return { answer: { kind, news: null } };
}

function outcomeOf(monitor: string, end: PulledEnd, runnerCount: number): LegOutcome {
  switch (end.kind) {
    case "taken": {
      // a job of one runner is answered as called monitors do: a list of one
      const runners = end.runners.map((one) => (runnerCount === 1 ? { ...one, body: `[${one.body}]` } : one));
      return runners.length > 0
        ? { monitor, state: "taken", runners }
        : { monitor, state: "refused", cause: "not_reserved" };
    }
    case "refused":
      return { monitor, state: "refused", cause: "not_reserved" };
    case "unlisted":
      return { monitor, state: "refused", cause: "no_evidence", words: "no longer lists the leg" };
  }
}

function isSameEnd({ state, ids }: PulledLeg, end: PulledEnd): boolean {
  if (end.kind !== "taken" || end.runners.length === 0) return state === "refused" || state === "withdrawn";
  const given = end.runners.map(({ id }) => id);
  return state === "taken" && given.length === ids?.length && given.every((id) => ids.includes(id));
}

/** @param how null: time did it */
function settleTo(
  view: ProfileView,
  job: Job,
  leg: Leg,
  row: FleetRow | undefined,
  outcome: LegOutcome,
  how: { readonly order: MonitorOrder; readonly ids: readonly string[]; readonly isListed: boolean } | null,
): Decision<PulledAnswer> {
  const { claim } = job;
  const claimId = claim?.id ?? "";
  const claimedAt = leg.acceptedAt ?? claim?.at ?? enqueuedAt(job.place);
  const settlement = { claimId, claimedAt, legs: [outcome], found: [], clearedFor: null };
  const decided = decideSettlement(view, ticketOf(job), settlement);
  const { reply, leaked, job: after } = decided.answer;
  const takes = new Map<string, Takes>(decided.change?.takes);
  const written = takes.get(leg.monitor) ?? (row === undefined ? undefined : takesOf(row));
  if (written !== undefined) {
    const end = how === null ? { state: withdrawnState(leg) } : { order: how.order, ids: [...how.ids] };
    const seen = how?.isListed === true ? { isListed: true } : {};
    const pulled = withPulledLeg(written.pulled, claimId, { ...end, ...seen }, view.now);
    takes.set(leg.monitor, { ...written, pulled });
  }
  return {
    answer: { kind: "settled", news: after === null ? null : { job: after, reply, leaked } },
    change: { ...decided.change, takes },
  };
}

function withdrawnState({ state }: Leg): "withdrawn" | "refused" {
  return state === "offered" ? "withdrawn" : "refused";
}
