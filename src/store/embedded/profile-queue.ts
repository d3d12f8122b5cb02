// One profile's queue in memory: the readable specification of what every store does. Synchronous; the clock is handed in.
// Redis does the same in one Lua script per operation; the conformance suite and random command sequences compare the two.
import { claimJob } from "../../queue/claim.ts";
import {
  createFleetRow,
  type Fleet,
  type FleetRow,
  type ProfileCounts,
  servableRunners,
  targetRunners,
  withSnapshot,
} from "../../queue/fleet.ts";
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
import { createJob, endJob } from "../../queue/lifecycle.ts";
import type {
  CancelReply,
  EnqueueCommand,
  EnqueueReply,
  InspectReply,
  PollCommand,
  PollReply,
  SweepReply,
} from "../../queue/ports.ts";
import { needsTouch, nextDueAt, presenceAfterPoll } from "../../queue/presence.ts";
import { decideTurn } from "../../queue/rank-gate.ts";
import { decideRetryAfterSeconds } from "../../queue/retry-after.ts";
import { claimLeaseMs, forgetMonitorAfterMs, type QueueSettings } from "../../queue/settings.ts";
import { dropHeld, type Settlement, type SettleReply, settleJob } from "../../queue/settlement.ts";
import { Line } from "./line.ts";

/** How much one sweep does at most. */
const sweepBatch = 200;

export class ProfileQueue {
  readonly #profileKey: string;
  readonly #settings: QueueSettings;
  /** when this store began to know anything; claims of jobs older than this may be forgotten */
  readonly #lostAt: number;
  readonly #jobs = new Map<string, Job>();
  readonly #line = new Line();
  /** queued jobs by when time alone next changes them; claims by when their lease lapses */
  readonly #dueAt = new Map<string, number>();
  readonly #leaseUntil = new Map<string, number>();
  #fleet: Fleet = {};
  #lastPlace = 0;

  constructor(profileKey: string, settings: QueueSettings, lostAt: number) {
    this.#profileKey = profileKey;
    this.#settings = settings;
    this.#lostAt = lostAt;
  }

  enqueue({ request, isFleetKnown }: EnqueueCommand, now: number): EnqueueReply {
    const known = this.#load(request.uniqueId, now);
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
    if (maxQueueDepth !== null && this.#dueAt.size >= maxQueueDepth) return { kind: "full" };
    const place = Math.max(this.#lastPlace + 1, now * 1000);
    this.#lastPlace = place;
    this.#save(request.uniqueId, createJob({ ...request, place }, now, this.#settings));
    return { kind: "accepted", place, isNew: true };
  }

  poll({ ticket, claimId, owner, spread }: PollCommand, now: number): PollReply {
    const { uniqueId } = ticket;
    let job = this.#load(uniqueId, now);
    const isReadmitted = job === null;
    if (job === null) {
      if (now - ticket.place / 1000 > this.#settings.ticketMaxAgeMs) return { kind: "ticket_expired" };
      job = createJob(ticket, now, this.#settings);
    }
    if (job.place !== ticket.place) return { kind: "superseded" };
    const over = this.#overReply(job, now);
    if (over !== null) return over;
    if (job.state === "queued" && job.abandonAt <= now) {
      this.#save(uniqueId, endJob({ ...job, state: "abandoned" }, now, this.#settings));
      return { kind: "abandoned" };
    }
    if (job.state === "claimed") return this.#pollClaimed(uniqueId, job, claimId, now);

    const isSuspect = this.#isSuspect(job);
    const ahead = this.#line.ahead(job.place, uniqueId, servableRunners(this.#fleet, now));
    const position = ahead.jobs + 1;
    if (heldSince(job) + this.#settings.holdTimeoutMs <= now) {
      // The next sweep lets go of what was held too long, and says so.
      this.#touch(uniqueId, job, 1, isReadmitted, now);
      return { kind: "wait", reason: "reconciling", position, retryAfterSeconds: 1, isReadmitted };
    }
    if (!isSuspect) {
      const turn = decideTurn(this.#fleet, neededRunners(job), ahead.runners, now, this.#settings);
      if (turn.kind === "claim") {
        const touched = { ...job, ...presenceAfterPoll(now, 1, this.#settings) };
        const claimed = claimJob(touched, this.#fleet, turn.legs, { id: claimId, owner }, now, this.#settings);
        this.#fleet = claimed.fleet;
        this.#save(uniqueId, claimed.job);
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
    const job = this.#load(uniqueId, now);
    const claim = job?.claim;
    if (job === null || claim?.id !== claimId || claim.owner !== owner || !claim.legs.some(isOpen)) return false;
    const presence =
      isClientPresent && !isOver(job.state) ? { ...presenceAfterPoll(now, 1, this.#settings), awake: false } : {};
    this.#save(uniqueId, { ...job, ...presence, claim: { ...claim, leaseUntil: now + claimLeaseMs } });
    return true;
  }

  settle(ticket: Ticket, settlement: Settlement, now: number): SettleReply {
    const { uniqueId } = ticket;
    const before = this.#load(uniqueId, now) ?? createJob(ticket, now, this.#settings);
    if (before.place !== ticket.place) return { kind: "lost", leaked: runnersOf(settlement) };
    const { job, fleet, reply } = settleJob(before, this.#fleet, settlement, now, this.#settings);
    this.#fleet = fleet;
    if (isOver(job.state) && !isOver(before.state)) this.#save(uniqueId, endJob(job, now, this.#settings));
    else this.#save(uniqueId, job);
    return reply;
  }

  cancel(uniqueId: string, ticket: Ticket | null, now: number): CancelReply {
    const known = this.#load(uniqueId, now);
    if (known === null && ticket === null) return { kind: "unknown" };
    const job = { ...(known ?? createJob(ticket as Ticket, now, this.#settings)) };
    if (ticket !== null && job.place !== ticket.place) return { kind: "unknown" };
    if (isOver(job.state)) return { kind: "over", state: job.state };
    const leaked: string[] = [];
    dropHeld(job, leaked);
    this.#save(uniqueId, endJob({ ...job, state: "cancelled" }, now, this.#settings));
    return { kind: "cancelled", leaked };
  }

  inspect(uniqueId: string, now: number): InspectReply {
    const job = this.#load(uniqueId, now);
    if (job === null) return { kind: "unknown" };
    const isWaiting = job.state === "queued";
    const ahead = this.#line.ahead(job.place, uniqueId, servableRunners(this.#fleet, now));
    return { kind: "job", job, position: isWaiting ? ahead.jobs + 1 : null, now };
  }

  sweep(owner: string, now: number): SweepReply {
    const abandoned: string[] = [];
    const leaked: string[] = [];
    for (const uniqueId of firstDue(this.#dueAt, now)) {
      const job = this.#load(uniqueId, now);
      if (job === null || job.state !== "queued") {
        this.#dueAt.delete(uniqueId);
        continue;
      }
      const next = { ...job };
      dropHeld(next, leaked, now - this.#settings.holdTimeoutMs);
      if (next.abandonAt <= now) {
        dropHeld(next, leaked);
        this.#save(uniqueId, endJob({ ...next, state: "abandoned" }, now, this.#settings));
        abandoned.push(uniqueId);
      } else {
        this.#save(uniqueId, { ...next, awake: next.awakeUntil > now });
      }
    }
    const lapsed = firstDue(this.#leaseUntil, now).flatMap((uniqueId) => {
      const job = this.#load(uniqueId, now);
      if (job?.claim === undefined || !job.claim.legs.some(isOpen)) {
        this.#leaseUntil.delete(uniqueId);
        return [];
      }
      const ours = { ...job, claim: { ...job.claim, owner, leaseUntil: now + claimLeaseMs } };
      this.#save(uniqueId, ours);
      return [{ uniqueId, job: ours }];
    });
    for (const [uniqueId, job] of this.#jobs)
      if (job.goneAt !== undefined && job.goneAt <= now) this.#jobs.delete(uniqueId);
    return { now, lostAt: this.#lostAt, abandoned, leaked, lapsed };
  }

  saveSnapshot(monitor: string, askedAt: number, counts: ProfileCounts | null, now: number): void {
    const rows: Record<string, FleetRow> = {};
    for (const [name, row] of Object.entries(this.#fleet))
      if (row.askedAt + forgetMonitorAfterMs > now) rows[name] = row;
    this.#fleet = { ...rows, [monitor]: withSnapshot(this.#fleet[monitor] ?? createFleetRow(), askedAt, counts) };
  }

  knows(uniqueId: string, now: number): boolean {
    return this.#load(uniqueId, now) !== null;
  }

  get fleet(): Fleet {
    return this.#fleet;
  }

  #pollClaimed(uniqueId: string, job: Job, claimId: string, now: number): PollReply {
    if (job.claim?.id === claimId) return { kind: "claimed", job };
    if (needsTouch({ ...job, awake: true }, now, this.#settings)) {
      this.#save(uniqueId, { ...job, ...presenceAfterPoll(now, 1, this.#settings), awake: false });
    }
    const isAsked = job.claim?.legs.some((leg) => leg.state === "pending") && job.claim.leaseUntil > now;
    const reason = isAsked ? "claim_in_flight" : "reconciling";
    return { kind: "wait", reason, position: 1, retryAfterSeconds: 1, isReadmitted: false };
  }

  #overReply(job: Job, now: number): PollReply | null {
    switch (job.state) {
      case "taken": {
        const isKept = job.answer !== undefined && (job.answerUntil ?? 0) > now;
        return isKept ? { kind: "taken", answer: job.answer ?? "null" } : { kind: "answer_expired" };
      }
      case "failed":
      case "abandoned":
      case "cancelled":
        return { kind: job.state };
      case "queued":
      case "claimed":
        return null;
    }
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
    this.#save(uniqueId, touched);
    return touched;
  }

  #requestOf(uniqueId: string, job: Job): JobRequest {
    return { uniqueId, profileKey: this.#profileKey, runnerCount: job.count, qualifiedRepo: job.repo, runId: job.run };
  }

  #load(uniqueId: string, now: number): Job | null {
    const job = this.#jobs.get(uniqueId);
    return job === undefined || (job.goneAt !== undefined && job.goneAt <= now) ? null : job;
  }

  /** Writes the job and keeps line, due times and leases in step with it. */
  #save(uniqueId: string, job: Job): void {
    const before = this.#jobs.get(uniqueId);
    if (before !== undefined) this.#line.remove(neededRunners(before), before.place, uniqueId);
    this.#jobs.set(uniqueId, job);
    if (job.state === "queued") this.#dueAt.set(uniqueId, nextDueAt(job, this.#settings));
    else this.#dueAt.delete(uniqueId);
    if (job.state === "queued" && job.awake && !this.#isSuspect(job))
      this.#line.add(neededRunners(job), job.place, uniqueId);
    if (job.claim?.legs.some(isOpen)) this.#leaseUntil.set(uniqueId, job.claim.leaseUntil);
    else this.#leaseUntil.delete(uniqueId);
  }
}

function firstDue(dueAt: ReadonlyMap<string, number>, now: number): string[] {
  const due = [...dueAt].filter(([, at]) => at <= now);
  due.sort(([idA, a], [idB, b]) => a - b || (idA < idB ? -1 : 1));
  return due.slice(0, sweepBatch).map(([uniqueId]) => uniqueId);
}

/** Names of all runners that a settlement brought. */
function runnersOf(settlement: Settlement): string[] {
  const taken = settlement.legs.flatMap((leg) => (leg.state === "taken" ? leg.runners : []));
  return [...taken, ...settlement.found].map(({ monitor, id }) => `${monitor}/${id}`);
}
