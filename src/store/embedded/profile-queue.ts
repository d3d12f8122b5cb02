// One profile's queue in memory: the readable specification of what every store does. Synchronous; the clock is handed in.
// Redis does the same in one Lua script per operation; the conformance suite and random command sequences compare the two.
import { type Act, isInForce } from "../../queue/acts.ts";
import { claimJob } from "../../queue/claim.ts";
import {
  createFleetRow,
  type Drained,
  type Fleet,
  type FleetRow,
  idleRunners,
  type ProfileCounts,
  servableRunners,
  targetRunners,
  withDrained,
  withSnapshot,
} from "../../queue/fleet.ts";
import type { HistoryEntry } from "../../queue/history.ts";
import {
  heldSince,
  isOpen,
  isOver,
  isSameRequest,
  type Job,
  type JobRequest,
  neededRunners,
  type Ticket,
} from "../../queue/job.ts";
import { createJob, endJob, replyWhenOver } from "../../queue/lifecycle.ts";
import type {
  CancelReply,
  EnqueueCommand,
  EnqueueReply,
  InspectReply,
  NamedJob,
  PollCommand,
  PollReply,
  ProfileView,
  SweepReply,
} from "../../queue/ports.ts";
import { needsTouch, presenceAfterPoll } from "../../queue/presence.ts";
import { decideTurn } from "../../queue/rank-gate.ts";
import { decideRetryAfterSeconds } from "../../queue/retry-after.ts";
import { claimLeaseMs, forgetMonitorAfterMs, type QueueSettings } from "../../queue/settings.ts";
import { dropHeld, type Settlement, type SettleReply, settleJob } from "../../queue/settlement.ts";
import { Chart } from "./chart.ts";
import { Ledger } from "./ledger.ts";

export class ProfileQueue {
  readonly #profileKey: string;
  readonly #settings: QueueSettings;
  /** when this store began to know anything; claims of jobs older than this may be forgotten */
  readonly #lostAt: number;
  readonly #ledger: Ledger;
  readonly #chart = new Chart();
  #paused: Act | null = null;
  #fleet: Fleet = {};
  #lastPlace = 0;

  constructor(profileKey: string, settings: QueueSettings, lostAt: number) {
    this.#profileKey = profileKey;
    this.#settings = settings;
    this.#lostAt = lostAt;
    this.#ledger = new Ledger(settings, (job) => this.#isSuspect(job));
  }

  enqueue({ request, isFleetKnown }: EnqueueCommand, now: number): EnqueueReply {
    const known = this.#ledger.load(request.uniqueId, now);
    if (known !== null) {
      const isSame = isSameRequest(request, this.#requestOf(request.uniqueId, known));
      if (!isOver(known.state) || known.state === "taken") {
        if (!isSame) return { kind: "conflict" };
        const isGone = known.state === "taken" && (known.answerUntil ?? 0) <= now;
        return isGone ? { kind: "id_used" } : { kind: "accepted", place: known.place, isNew: false };
      }
    }
    if (known?.claim?.legs.some(isOpen)) return { kind: "settling" };
    const targets = targetRunners(this.#fleet);
    if (request.runnerCount > targets)
      return isFleetKnown ? { kind: "unsatisfiable", targets } : { kind: "fleet_unknown" };
    const { maxQueueDepth } = this.#settings;
    if (maxQueueDepth !== null && this.#ledger.waitingJobs >= maxQueueDepth) return { kind: "full" };
    const place = Math.max(this.#lastPlace + 1, now * 1000);
    this.#lastPlace = place;
    this.#ledger.save(request.uniqueId, createJob({ ...request, place }, now, this.#settings), now, true);
    return { kind: "accepted", place, isNew: true };
  }

  poll({ ticket, claimId, owner, spread }: PollCommand, now: number): PollReply {
    const { uniqueId } = ticket;
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
    if (job.state === "claimed") return this.#pollClaimed(uniqueId, job, claimId, now);

    const isSuspect = this.#isSuspect(job);
    const ahead = this.#ledger.ahead(job.place, uniqueId, servableRunners(this.#fleet, now));
    const position = ahead.jobs + 1;
    if (heldSince(job) + this.#settings.holdTimeoutMs <= now) {
      // The next sweep lets go of what was held too long, and says so.
      this.#touch(uniqueId, job, 1, isReadmitted, now);
      return { kind: "wait", reason: "reconciling", position, retryAfterSeconds: 1, isReadmitted };
    }
    if (!isSuspect && isInForce(this.#paused, now)) {
      const retryAfterSeconds = this.#retryAfter(position, spread);
      this.#touch(uniqueId, job, retryAfterSeconds, isReadmitted, now);
      return { kind: "wait", reason: "profile_paused", position, retryAfterSeconds, isReadmitted };
    }
    if (!isSuspect) {
      const turn = decideTurn(this.#fleet, neededRunners(job), ahead.runners, now, this.#settings);
      if (turn.kind === "claim") {
        const touched = { ...job, ...presenceAfterPoll(now, 1, this.#settings) };
        const claimed = claimJob(touched, this.#fleet, turn.legs, { id: claimId, owner }, now, this.#settings);
        this.#fleet = claimed.fleet;
        this.#ledger.save(uniqueId, claimed.job, now);
        return { kind: "claimed", job: claimed.job };
      }
      const retryAfterSeconds = turn.reason === "monitors_busy" ? 1 : this.#retryAfter(position, spread);
      this.#touch(uniqueId, job, retryAfterSeconds, isReadmitted, now);
      return { kind: "wait", reason: turn.reason, position, retryAfterSeconds, isReadmitted };
    }
    const retryAfterSeconds = this.#retryAfter(position, spread);
    job = this.#touch(uniqueId, job, retryAfterSeconds, isReadmitted, now);
    return { kind: "suspect", job, lostAt: this.#lostAt, now, position, retryAfterSeconds, isReadmitted };
  }

  renew(uniqueId: string, claimId: string, owner: string, isClientPresent: boolean, now: number): boolean {
    const job = this.#ledger.load(uniqueId, now);
    const claim = job?.claim;
    if (job === null || claim?.id !== claimId || claim.owner !== owner || !claim.legs.some(isOpen)) return false;
    const presence =
      isClientPresent && !isOver(job.state) ? { ...presenceAfterPoll(now, 1, this.#settings), awake: false } : {};
    this.#ledger.save(uniqueId, { ...job, ...presence, claim: { ...claim, leaseUntil: now + claimLeaseMs } }, now);
    return true;
  }

  settle(ticket: Ticket, settlement: Settlement, now: number): SettleReply {
    const { uniqueId } = ticket;
    const before = this.#ledger.load(uniqueId, now) ?? createJob(ticket, now, this.#settings);
    if (before.place !== ticket.place) return { kind: "lost", leaked: runnersOf(settlement) };
    const { job, fleet, reply } = settleJob(before, this.#fleet, settlement, now, this.#settings);
    this.#fleet = fleet;
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
    const isWaiting = job.state === "queued";
    const ahead = this.#ledger.ahead(job.place, uniqueId, servableRunners(this.#fleet, now));
    return { kind: "job", job, position: isWaiting ? ahead.jobs + 1 : null, now };
  }

  sweep(owner: string, now: number): SweepReply {
    const abandoned: NamedJob[] = [];
    const leaked: string[] = [];
    for (const { uniqueId, job } of this.#ledger.due(now)) {
      const next = { ...job };
      dropHeld(next, leaked, now - this.#settings.holdTimeoutMs);
      if (next.abandonAt <= now) {
        dropHeld(next, leaked);
        const ended = endJob({ ...next, state: "abandoned" }, now, this.#settings);
        this.#ledger.save(uniqueId, ended, now);
        abandoned.push({ uniqueId, job: ended });
      } else {
        this.#ledger.save(uniqueId, { ...next, awake: next.awakeUntil > now }, now);
      }
    }
    const lapsed = this.#ledger.lapsed(now).flatMap(({ uniqueId, job }) => {
      if (job.claim === undefined) return [];
      const ours = { ...job, claim: { ...job.claim, owner, leaseUntil: now + claimLeaseMs } };
      this.#ledger.save(uniqueId, ours, now);
      return [{ uniqueId, job: ours }];
    });
    this.#ledger.forgetGone(now);
    this.#chart.note(now, () => [
      this.#ledger.waitingJobs,
      idleRunners(this.#fleet, now, this.#settings.snapshotFreshMs),
    ]);
    return { now, lostAt: this.#lostAt, abandoned, leaked, lapsed };
  }

  saveSnapshot(monitor: string, askedAt: number, counts: ProfileCounts | null, drained: Drained, now: number): void {
    const rows: Record<string, FleetRow> = {};
    for (const [name, row] of Object.entries(this.#fleet))
      if (row.askedAt + forgetMonitorAfterMs > now) rows[name] = row;
    const row = withDrained(this.#fleet[monitor] ?? createFleetRow(), drained);
    this.#fleet = { ...rows, [monitor]: withSnapshot(row, askedAt, counts) };
  }

  pause(act: Act, entry: HistoryEntry): void {
    this.#paused = act;
    this.#ledger.note(entry);
  }

  drain(monitor: string, drained: Drained, entry: HistoryEntry): void {
    const row = this.#fleet[monitor];
    if (row !== undefined) this.#fleet = { ...this.#fleet, [monitor]: { ...row, ...drained } };
    this.#ledger.note(entry);
  }

  view(limit: number, now: number): ProfileView {
    return {
      now,
      lostAt: this.#lostAt,
      paused: isInForce(this.#paused, now) ? this.#paused : null,
      fleet: this.#fleet,
      waitingJobs: this.#ledger.waitingJobs,
      wantedRunners: this.#ledger.wantedRunners,
      ...this.#ledger.list(limit, now),
      chart: this.#chart.samples,
    };
  }

  history(limit: number): readonly HistoryEntry[] {
    return this.#ledger.history(limit);
  }

  knows(uniqueId: string, now: number): boolean {
    return this.#ledger.load(uniqueId, now) !== null;
  }

  get fleet(): Fleet {
    return this.#fleet;
  }

  #pollClaimed(uniqueId: string, job: Job, claimId: string, now: number): PollReply {
    if (job.claim?.id === claimId) return { kind: "claimed", job };
    if (needsTouch({ ...job, awake: true }, now, this.#settings)) {
      this.#ledger.save(uniqueId, { ...job, ...presenceAfterPoll(now, 1, this.#settings), awake: false }, now);
    }
    const isAsked = job.claim?.legs.some((leg) => leg.state === "pending") && job.claim.leaseUntil > now;
    const reason = isAsked ? "claim_in_flight" : "reconciling";
    return { kind: "wait", reason, position: 1, retryAfterSeconds: 1, isReadmitted: false };
  }

  #isSuspect(job: Job): boolean {
    return job.place < this.#lostAt * 1000 && job.clearedFor !== this.#lostAt;
  }

  #retryAfter(position: number, spread: number): number {
    return decideRetryAfterSeconds(position, spread, this.#settings.retryAfterMs, this.#settings.abandonAfterMs);
  }

  #touch(uniqueId: string, job: Job, retryAfterSeconds: number, isReadmitted: boolean, now: number): Job {
    if (!isReadmitted && !needsTouch(job, now, this.#settings)) return job;
    const touched = { ...job, ...presenceAfterPoll(now, retryAfterSeconds, this.#settings) };
    this.#ledger.save(uniqueId, touched, now);
    return touched;
  }

  #requestOf(uniqueId: string, job: Job): JobRequest {
    return { uniqueId, profileKey: this.#profileKey, runnerCount: job.count, qualifiedRepo: job.repo, runId: job.run };
  }
}

/** Names of all runners that a settlement brought. */
function runnersOf(settlement: Settlement): string[] {
  const taken = settlement.legs.flatMap((leg) => (leg.state === "taken" ? leg.runners : []));
  return [...taken, ...settlement.found].map(({ monitor, id }) => `${monitor}/${id}`);
}
