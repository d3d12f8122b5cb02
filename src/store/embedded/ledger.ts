// One profile's jobs, kept in step with everything that is known of them in another order: the line of present jobs, those aside (asleep, or
// not cleared after a loss), what is due when, whose lease lapses when, and the history.
import { describeChange, type HistoryEntry, historyLength } from "../../queue/history.ts";
import { isOpen, type Job, type JobState, neededRunners } from "../../queue/job.ts";
import { endJob } from "../../queue/lifecycle.ts";
import type { NamedJob } from "../../queue/ports.ts";
import { nextDueAt } from "../../queue/presence.ts";
import { claimLeaseMs, type QueueSettings } from "../../queue/settings.ts";
import { dropHeld } from "../../queue/settlement.ts";
import type { PresentJob } from "../../queue/winners.ts";
import { type Keeper, keeperOf } from "./keeper.ts";
import { type Ahead, Line } from "./line.ts";

/** How much one sweep does at most. */
const sweepBatch = 200;

export class Ledger {
  readonly #settings: QueueSettings;
  readonly #isSuspect: (job: Job) => boolean;
  readonly #jobs = new Map<string, Job>();
  readonly #line = new Line();
  readonly #aside = new Line();
  readonly #dueAt = new Map<string, number>();
  readonly #leaseUntil = new Map<string, number>();
  readonly #history: HistoryEntry[] = [];
  readonly #keptJobs: Keeper;
  readonly #keptHistory: Keeper;
  /** entries ever noted: names the next one where they are kept */
  #noted = 0;

  constructor(settings: QueueSettings, isSuspect: (job: Job) => boolean, keeper: Keeper) {
    this.#settings = settings;
    this.#isSuspect = isSuspect;
    this.#keptJobs = keeperOf(keeper, "job/");
    this.#keptHistory = keeperOf(keeper, "history/");
    for (const [uniqueId, job] of this.#keptJobs.entries("")) this.#index(uniqueId, job as Job);
    for (const [noted, entry] of this.#keptHistory.entries("")) {
      this.#history.push(entry as HistoryEntry);
      this.#noted = Number(noted) + 1;
    }
  }

  load(uniqueId: string, now: number): Job | null {
    const job = this.#jobs.get(uniqueId);
    return job === undefined || (job.goneAt !== undefined && job.goneAt <= now) ? null : job;
  }

  /** `isEnqueued`: somebody asked for it just now; else a job that was not known came back. `by`: the operator who did it. */
  save(uniqueId: string, job: Job, now: number, isEnqueued = false, by: string | null = null): void {
    const known = this.load(uniqueId, now);
    const before = this.#jobs.get(uniqueId);
    if (before !== undefined) {
      this.#line.remove(neededRunners(before), before.place, uniqueId);
      this.#aside.remove(neededRunners(before), before.place, uniqueId);
    }
    this.#index(uniqueId, job);
    this.#keptJobs.put(uniqueId, job);
    if (known?.state !== job.state) {
      this.note(describeChange(uniqueId, job, known === null && !isEnqueued, by, now));
    }
  }

  #index(uniqueId: string, job: Job): void {
    this.#jobs.set(uniqueId, job);
    if (job.state === "queued") {
      this.#dueAt.set(uniqueId, nextDueAt(job, this.#settings));
      const list = job.awake && !this.#isSuspect(job) ? this.#line : this.#aside;
      list.add(neededRunners(job), job.place, uniqueId);
    } else {
      this.#dueAt.delete(uniqueId);
    }
    if (job.claim?.legs.some(isOpen)) this.#leaseUntil.set(uniqueId, job.claim.leaseUntil);
    else this.#leaseUntil.delete(uniqueId);
  }

  note(entry: HistoryEntry): void {
    this.#history.push(entry);
    this.#keptHistory.put(nameOf(this.#noted), entry);
    this.#noted += 1;
    if (this.#history.length <= historyLength) return;
    this.#history.shift();
    this.#keptHistory.remove(nameOf(this.#noted - 1 - historyLength));
  }

  /** Present jobs before this place that need at most `servable` runners. */
  ahead(place: number, uniqueId: string, servable: number): Ahead {
    return this.#line.ahead(place, uniqueId, servable);
  }

  /** The same of those that are not in line: asleep, or not cleared after a loss. */
  asideAhead(place: number, uniqueId: string, servable: number): Ahead {
    return this.#aside.ahead(place, uniqueId, servable);
  }

  /** The present jobs in order. */
  present(): Iterable<PresentJob> {
    return this.#line.inOrder();
  }

  /** What time alone does to those who wait: they fall asleep, let go of what they held too long, or are abandoned. */
  passTime(now: number): { readonly abandoned: NamedJob[]; readonly leaked: string[]; readonly isMore: boolean } {
    const abandoned: NamedJob[] = [];
    const leaked: string[] = [];
    const due = this.#firstDue(this.#dueAt, now, (job) => job.state === "queued");
    for (const { uniqueId, job } of due) {
      const next = { ...job };
      dropHeld(next, leaked, now - this.#settings.holdTimeoutMs);
      if (next.abandonAt <= now) {
        dropHeld(next, leaked);
        const ended = endJob({ ...next, state: "abandoned" }, now, this.#settings);
        this.save(uniqueId, ended, now);
        abandoned.push({ uniqueId, job: ended });
      } else {
        this.save(uniqueId, { ...next, awake: next.awakeUntil > now }, now);
      }
    }
    return { abandoned, leaked, isMore: due.length === sweepBatch };
  }

  /** Jobs with open legs whose lease has lapsed: from now on they are `owner`'s. */
  takeOver(owner: string, now: number): NamedJob[] {
    const lapsed = this.#firstDue(this.#leaseUntil, now, (job) => job.claim?.legs.some(isOpen) ?? false);
    return lapsed.flatMap(({ uniqueId, job }) => {
      if (job.claim === undefined) return [];
      const ours = { ...job, claim: { ...job.claim, owner, leaseUntil: now + claimLeaseMs } };
      this.save(uniqueId, ours, now);
      return [{ uniqueId, job: ours }];
    });
  }

  /** Tombstones whose time is over are forgotten. */
  forgetGone(now: number): void {
    for (const [uniqueId, job] of this.#jobs) {
      if (job.goneAt === undefined || job.goneAt > now) continue;
      this.#jobs.delete(uniqueId);
      this.#keptJobs.remove(uniqueId);
    }
  }

  get waitingJobs(): number {
    return this.#dueAt.size;
  }

  get wantedRunners(): number {
    return this.#line.totalNeeded() + this.#aside.totalNeeded();
  }

  /** The first live jobs in order of place; and of those that wait, the first place. */
  list(limit: number, now: number): { readonly jobs: readonly NamedJob[]; readonly oldestPlace: number | null } {
    const waiting = [...this.#line.first(limit), ...this.#aside.first(limit)];
    const oldestPlace = waiting.length === 0 ? null : Math.min(...waiting.map(({ place }) => place));
    const named = (uniqueId: string, state: JobState): NamedJob[] => {
      const job = this.load(uniqueId, now);
      return job?.state === state ? [{ uniqueId, job }] : [];
    };
    const jobs = [
      ...waiting.flatMap(({ uniqueId }) => named(uniqueId, "queued")),
      ...[...this.#leaseUntil.keys()].flatMap((uniqueId) => named(uniqueId, "claimed")),
    ];
    jobs.sort((a, b) => a.job.place - b.job.place || (a.uniqueId < b.uniqueId ? -1 : 1));
    return { jobs: jobs.slice(0, limit), oldestPlace };
  }

  /** The last entries, newest first. */
  history(limit: number): readonly HistoryEntry[] {
    return this.#history.slice(-limit).reverse();
  }

  #firstDue(times: Map<string, number>, now: number, isDue: (job: Job) => boolean): NamedJob[] {
    const due = [...times].filter(([, at]) => at <= now);
    due.sort(([idA, a], [idB, b]) => a - b || (idA < idB ? -1 : 1));
    return due.slice(0, sweepBatch).flatMap(([uniqueId]) => {
      const job = this.load(uniqueId, now);
      if (job !== null && isDue(job)) return [{ uniqueId, job }];
      times.delete(uniqueId);
      return [];
    });
  }
}

/** So that keys in order are entries in order. */
function nameOf(noted: number): string {
  return String(noted).padStart(12, "0");
}
