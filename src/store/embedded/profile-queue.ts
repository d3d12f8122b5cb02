// One profile's queue in memory: the readable specification of what every store does. Synchronous; the clock is handed in.
// Redis does the same in one Lua script per operation; the conformance suite and random command sequences compare the two.
import { type Act, isInForce } from "../../queue/acts.ts";
import { isSuspect, waitsForOthers } from "../../queue/after-loss.ts";
import { claimJob, reasonOfClaim } from "../../queue/claim.ts";
import { type Drained, type Fleet, idleRunners, servableRunners, targetRunners } from "../../queue/fleet.ts";
import { isScarce } from "../../queue/freed-rate.ts";
import type { HistoryEntry } from "../../queue/history.ts";
import {
  heldSince,
  isOpen,
  isOver,
  isSameRequest,
  type Job,
  neededRunners,
  type Ticket,
  ticketOf,
} from "../../queue/job.ts";
import { createJob, endJob, replyWhenOver } from "../../queue/lifecycle.ts";
import { explainJob, sumCapacity } from "../../queue/line-view.ts";
import type {
  CancelReply,
  EnqueueCommand,
  EnqueueReply,
  InspectReply,
  PollCommand,
  PollReply,
  ProfileView,
  SweepReply,
} from "../../queue/ports.ts";
import { type Hold, needsTouch, presenceAfterHangUp, presenceAfterPoll, withHolder } from "../../queue/presence.ts";
import { decideTurn, type WaitReason } from "../../queue/rank-gate.ts";
import { decideRetryAfterSeconds, retryAfterHoldSeconds } from "../../queue/retry-after.ts";
import { claimLeaseMs, type QueueSettings } from "../../queue/settings.ts";
import { dropHeld, namesOf, type Settlement, type SettleReply, settleJob } from "../../queue/settlement.ts";
import { findWinners } from "../../queue/winners.ts";
import type { Keeper } from "./keeper.ts";
import { Ledger } from "./ledger.ts";
import type { Snapshot } from "./profile-fleet.ts";
import { Standing } from "./standing.ts";

export class ProfileQueue {
  readonly #profileKey: string;
  readonly #settings: QueueSettings;
  /** when this store began to know anything; claims of jobs older than this may be forgotten */
  readonly #lostAt: number;
  readonly #ledger: Ledger;
  readonly #standing: Standing;

  constructor(profileKey: string, settings: QueueSettings, lostAt: number, keeper: Keeper) {
    this.#profileKey = profileKey;
    this.#settings = settings;
    this.#lostAt = lostAt;
    this.#standing = new Standing(settings.snapshotFreshMs, keeper);
    this.#ledger = new Ledger(settings, (job) => isSuspect(job, lostAt), keeper);
  }

  /** Writes down what has changed beside the jobs: the end of each step. */
  keep(): void {
    this.#standing.keep();
  }

  enqueue({ request, isFleetKnown, mostRunnersBefore }: EnqueueCommand, now: number): EnqueueReply {
    const known = this.#ledger.load(request.uniqueId, now);
    if (known !== null) {
      const isSame = isSameRequest(request, ticketOf(this.#profileKey, { uniqueId: request.uniqueId, job: known }));
      if (!isOver(known.state) || known.state === "taken") {
        if (!isSame) return { kind: "conflict" };
        const isGone = known.state === "taken" && (known.answerUntil ?? 0) <= now;
        return isGone ? { kind: "id_used" } : { kind: "accepted", place: known.place, isNew: false };
      }
    }
    if (known?.claim?.legs.some(isOpen)) return { kind: "settling" };
    const targets = targetRunners(this.#standing.fleet.rows);
    if (request.runnerCount > targets)
      return isFleetKnown ? { kind: "unsatisfiable", targets } : { kind: "fleet_unknown" };
    const { maxQueueDepth } = this.#settings;
    if (maxQueueDepth !== null && this.#ledger.waitingJobs >= maxQueueDepth) return { kind: "full" };
    if (mostRunnersBefore !== undefined && !isInForce(this.#standing.paused, now)) {
      const capacity = sumCapacity(this.#standing.fleet.rows, now, this.#settings.snapshotFreshMs).available;
      const runnersBefore = this.#wanted(now) + request.runnerCount - capacity;
      if (runnersBefore > mostRunnersBefore) return { kind: "too_long", runnersBefore };
    }
    const place = Math.max(this.#standing.lastPlace + 1, now * 1000);
    this.#standing.lastPlace = place;
    this.#ledger.save(request.uniqueId, createJob({ ...request, place }, now, this.#settings), now, true);
    return { kind: "accepted", place, isNew: true };
  }

  poll({ ticket, claimId, owner, spread, holdMs, holder }: PollCommand, now: number): PollReply {
    const { uniqueId } = ticket;
    const hold = { holdMs, holder };
    const isHeld = holder !== "";
    let job = this.#ledger.load(uniqueId, now);
    const isReadmitted = job === null;
    if (job === null) {
      if (now - ticket.place / 1000 > this.#settings.ticketMaxAgeMs) return { kind: "ticket_expired" };
      job = createJob(ticket, now, this.#settings);
    }
    if (job.place !== ticket.place) return { kind: "superseded" };
    const over = replyWhenOver(job, now);
    if (over !== null) return over;
    if (job.state === "queued" && job.abandonAt <= now) {
      this.#ledger.save(uniqueId, endJob({ ...job, state: "abandoned" }, now, this.#settings), now);
      return { kind: "abandoned", isNew: true };
    }
    if (job.state === "claimed") return this.#pollClaimed(uniqueId, job, claimId, hold, now);

    const isSuspected = isSuspect(job, this.#lostAt);
    const before = job;
    const touch = (retryAfterSeconds: number): Job => {
      if (!isReadmitted && !needsTouch(before, now, this.#settings, hold)) return before;
      const presence = presenceAfterPoll(before, now, retryAfterSeconds, this.#settings, holdMs);
      const touched = { ...withHolder(before, holder), ...presence };
      this.#ledger.save(uniqueId, touched, now);
      return touched;
    };
    const servable = servableRunners(this.#standing.fleet.rows, now);
    const ahead = { ...this.#ledger.ahead(job.place, uniqueId, servable) };
    if (waitsForOthers(job, this.#lostAt, now, this.#settings)) {
      const aside = this.#ledger.asideAhead(job.place, uniqueId, servable);
      ahead.jobs += aside.jobs;
      ahead.runners += aside.runners;
    }
    const position = ahead.jobs + 1;
    const wait = (reason: WaitReason, retryAfterSeconds: number, runnersBefore: number | null = null): PollReply => {
      touch(retryAfterSeconds);
      return { kind: "wait", reason, position, retryAfterSeconds, isReadmitted, runnersBefore };
    };
    // The next sweep lets go of what was held too long, and says so.
    if (heldSince(job) + this.#settings.holdTimeoutMs <= now) return wait("reconciling", 1);
    if (!isSuspected && isInForce(this.#standing.paused, now))
      return wait("profile_paused", this.#retryAfter(position, spread, isHeld));
    if (!isSuspected) {
      const turn = decideTurn(this.#standing.fleet.rows, neededRunners(job), ahead.runners, now, this.#settings);
      if (turn.kind === "claim") {
        const touched = { ...job, ...presenceAfterPoll(job, now, 1, this.#settings) };
        const claimed = claimJob(
          touched,
          this.#standing.fleet.rows,
          turn.legs,
          { id: claimId, owner },
          now,
          this.#settings,
        );
        this.#standing.fleet.rows = claimed.fleet;
        this.#ledger.save(uniqueId, claimed.job, now);
        return { kind: "claimed", job: claimed.job, isReadmitted };
      }
      const retryAfterSeconds = turn.reason === "monitors_busy" ? 1 : this.#retryAfter(position, spread, isHeld);
      return wait(turn.reason, retryAfterSeconds, turn.runnersBefore);
    }
    const retryAfterSeconds = this.#retryAfter(position, spread, isHeld);
    job = touch(retryAfterSeconds);
    return { kind: "suspect", job, lostAt: this.#lostAt, now, position, retryAfterSeconds, isReadmitted };
  }

  /** False where another request spoke for the job since. */
  hangUp(uniqueId: string, holder: string, now: number): boolean {
    const job = this.#ledger.load(uniqueId, now);
    if (job === null || job.holder !== holder || isOver(job.state)) return false;
    this.#ledger.save(uniqueId, { ...job, ...presenceAfterHangUp(now, this.#settings) }, now);
    return true;
  }

  winners(now: number): readonly string[] {
    if (isInForce(this.#standing.paused, now)) return [];
    return findWinners(this.#standing.fleet.rows, this.#ledger.present(), now, this.#settings);
  }

  renew(uniqueId: string, claimId: string, owner: string, isClientPresent: boolean, now: number): boolean {
    const job = this.#ledger.load(uniqueId, now);
    const claim = job?.claim;
    if (job === null || claim?.id !== claimId || claim.owner !== owner || !claim.legs.some(isOpen)) return false;
    const presence =
      isClientPresent && !isOver(job.state) ? { ...presenceAfterPoll(job, now, 1, this.#settings), awake: false } : {};
    this.#ledger.save(uniqueId, { ...job, ...presence, claim: { ...claim, leaseUntil: now + claimLeaseMs } }, now);
    return true;
  }

  settle(ticket: Ticket, settlement: Settlement, now: number): SettleReply {
    const { uniqueId } = ticket;
    const before = this.#ledger.load(uniqueId, now) ?? createJob(ticket, now, this.#settings);
    if (before.place !== ticket.place) return { kind: "lost", leaked: namesOf(settlement) };
    const { job, fleet, reply } = settleJob(before, this.#standing.fleet.rows, settlement, now, this.#settings);
    this.#standing.fleet.rows = fleet;
    if (isOver(job.state) && !isOver(before.state)) this.#ledger.save(uniqueId, endJob(job, now, this.#settings), now);
    else this.#ledger.save(uniqueId, job, now);
    return reply;
  }

  cancel(uniqueId: string, ticket: Ticket | null, now: number): CancelReply {
    const known = this.#ledger.load(uniqueId, now);
    if (known === null && ticket === null) return { kind: "unknown" };
    const job = { ...(known ?? createJob(ticket as Ticket, now, this.#settings)) };
    if (ticket !== null && job.place !== ticket.place) return { kind: "unknown" };
    if (isOver(job.state)) return { kind: "over", state: job.state };
    const leaked: string[] = [];
    dropHeld(job, leaked);
    const ended = endJob({ ...job, state: "cancelled" }, now, this.#settings);
    this.#ledger.save(uniqueId, ended, now, false, ticket === null ? "operator" : null);
    return { kind: "cancelled", job: ended, leaked };
  }

  inspect(uniqueId: string, now: number): InspectReply {
    const job = this.#ledger.load(uniqueId, now);
    if (job === null) return { kind: "unknown" };
    const ahead = this.#ledger.ahead(job.place, uniqueId, servableRunners(this.#standing.fleet.rows, now));
    const standing = { now, fleet: this.#standing.fleet.rows, lostAt: this.#lostAt, paused: this.#standing.paused };
    const outlook = isOver(job.state) ? null : explainJob(job, ahead.runners, standing, this.#settings);
    return { kind: "job", job, position: job.state === "queued" ? ahead.jobs + 1 : null, outlook, now };
  }

  sweep(owner: string, now: number): SweepReply {
    const { abandoned, leaked, isMore } = this.#ledger.passTime(now);
    const lapsed = this.#ledger.takeOver(owner, now);
    this.#ledger.forgetGone(now);
    this.#standing.chart.note(now, () => [
      this.#ledger.waitingJobs,
      idleRunners(this.#standing.fleet.rows, now, this.#settings.snapshotFreshMs),
    ]);
    return {
      now,
      lostAt: this.#lostAt,
      abandoned,
      leaked,
      lapsed,
      freedRate: this.#standing.fleet.freedRate,
      isMore,
    };
  }

  saveSnapshot(monitor: string, snapshot: Snapshot, now: number): void {
    const isWaitedFor = (rows: Fleet) =>
      !isInForce(this.#standing.paused, now) && isScarce(rows, this.#wanted(now), now, this.#settings.snapshotFreshMs);
    this.#standing.fleet.saveSnapshot(monitor, snapshot, isWaitedFor, now);
  }

  /** A job waits, or a claim there is not visible yet. */
  wantsNewsOf(monitor: string): boolean {
    return this.#ledger.waitingJobs > 0 || this.#standing.fleet.isAwaitingNewsOf(monitor);
  }

  pause(act: Act, entry: HistoryEntry): void {
    this.#standing.paused = act;
    this.#ledger.note(entry);
  }

  drain(monitor: string, drained: Drained, entry: HistoryEntry): void {
    this.#standing.fleet.drain(monitor, drained);
    this.#ledger.note(entry);
  }

  view(limit: number, now: number): ProfileView {
    return {
      now,
      lostAt: this.#lostAt,
      paused: isInForce(this.#standing.paused, now) ? this.#standing.paused : null,
      fleet: this.#standing.fleet.rows,
      waitingJobs: this.#ledger.waitingJobs,
      wantedRunners: this.#ledger.wantedRunners,
      ...this.#ledger.list(limit, now),
      chart: this.#standing.chart.samples,
    };
  }

  history(limit: number): readonly HistoryEntry[] {
    return this.#ledger.history(limit);
  }

  knows(uniqueId: string, now: number): boolean {
    return this.#ledger.load(uniqueId, now) !== null;
  }

  #pollClaimed(uniqueId: string, job: Job, claimId: string, hold: Hold, now: number): PollReply {
    if (job.claim?.id === claimId) return { kind: "claimed", job, isReadmitted: false };
    if (needsTouch({ ...job, awake: true }, now, this.#settings, hold)) {
      const presence = { ...presenceAfterPoll(job, now, 1, this.#settings, hold.holdMs), awake: false };
      this.#ledger.save(uniqueId, { ...withHolder(job, hold.holder), ...presence }, now);
    }
    const reason = reasonOfClaim(job, now);
    return { kind: "wait", reason, position: 1, retryAfterSeconds: 1, isReadmitted: false, runnersBefore: null };
  }

  /** Runners that the present jobs need which can be served now. */
  #wanted(now: number): number {
    return this.#ledger.ahead(Number.POSITIVE_INFINITY, "", servableRunners(this.#standing.fleet.rows, now)).runners;
  }

  #retryAfter(position: number, spread: number, isHeld: boolean): number {
    if (isHeld) return retryAfterHoldSeconds;
    return decideRetryAfterSeconds(position, spread, this.#settings.retryAfterMs, this.#settings.abandonAfterMs);
  }
}
