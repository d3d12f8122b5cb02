// One round of a profile's operations, on what one load brought: each operation sees what those
// before it decided, and its change becomes a part of one commit. Nothing here outlives the round:
// what was put into the held fleet is undone.

import type { FleetRow } from "../../queue/fleet/fleet.ts";
import { ofThisClock, withClock } from "../../queue/job/age.ts";
import { isOver, type Job } from "../../queue/job/job.ts";
import { maxPresenceAheadMs } from "../../queue/job/presence.ts";
import { dueAtOf, type Entry, entryOf, type NeedCount } from "../../queue/line/line.ts";
import { followShares } from "../../queue/line/share-book.ts";
import { claimableJobs } from "../../queue/line/turn.ts";
import type { Change, Decision, JobView, Operation, ProfileHead, ProfileView } from "../../queue/profile.ts";
import { clockToleranceMs, type QueueSettings } from "../../queue/settings.ts";
import { countEntry, sumCounts } from "../../queue/stats/count.ts";
import type {
  CommitPart,
  FleetDocument,
  FleetWrite,
  HeadWrite,
  JobWrite,
  Loaded,
  LoadRequest,
  StoredJob,
} from "../../queue/store.ts";
import { emptyRow, type FleetHeld } from "./fleet-held.ts";
import { maxDue, type RoundContext, RoundView } from "./round-view.ts";

export interface Decided {
  readonly answer: unknown;
  readonly change?: Change;
  readonly part?: CommitPart;
}

const maxFront = 64;
const none: readonly never[] = [];

/** A move of a job between the lists, by an operation of this round. */
interface Move {
  readonly uniqueId: string;
  readonly before: Entry | null;
  readonly after: Entry | null;
}

export class Round {
  readonly #loaded: Loaded;
  readonly #held: FleetHeld;
  readonly #context: RoundContext;
  readonly #jobs = new Map<string, StoredJob | null>();
  readonly #counted = new Map<string, Loaded["jobs"][number]>();
  readonly #moves: Move[] = [];
  readonly #touched = new Set<string>();
  readonly #revisions = new Map<string, string>();
  readonly #wake = new Set<string>();
  readonly #view: RoundView;
  #head: ProfileHead;
  #room: number;
  #placesGiven = 0;
  #jobsRead = 0;
  #makesRoom = false;

  constructor(profileKey: string, loaded: Loaded, held: FleetHeld, context: RoundContext) {
    this.#loaded = loaded;
    this.#held = held;
    this.#context = context;
    this.#head = loaded.head;
    this.#room = loaded.room;
    this.#view = new RoundView(this, profileKey, loaded, held.capacity, context);
  }

  /** What a round of these operations has to load. */
  static requestOf(
    profileKey: string,
    operations: readonly Operation<unknown>[],
    held: FleetHeld,
    settings: QueueSettings,
  ): LoadRequest {
    const reads = operations.map((operation) => operation.reads);
    const some = (part: "front" | "due" | "sizes" | "figures" | "flows") => reads.some((one) => one[part] === true);
    return {
      profileKey,
      jobs: reads.length === 1 ? (reads[0]?.jobs ?? none) : reads.flatMap((one) => one.jobs ?? none),
      front: some("front") ? maxFront : 0,
      due: some("due") ? maxDue : 0,
      // further ahead than anything can be due: written before the clock was set back
      maxDueAheadMs:
        clockToleranceMs + Math.max(maxPresenceAheadMs(settings), settings.answerTtlMs, settings.startTimeoutMs),
      listed: Math.max(0, ...reads.map(({ listed = 0 }) => listed)),
      absent: Math.max(0, ...reads.map(({ absent = 0 }) => absent)),
      places: reads.reduce((sum, { places = 0 }) => sum + places, 0),
      sizes: some("sizes"),
      figures: some("figures"),
      flows: some("flows"),
      held: { epoch: held.epoch, version: held.version },
    };
  }

  /** Decides an operation, as if those before it were done. */
  decide(operation: Operation<unknown>): Decided {
    const view = this.#viewFor(operation);
    const { answer, change }: Decision<unknown> = operation.decide(view);
    if (change === undefined) return { answer };
    return { answer, change, part: this.#apply(operation, change) };
  }

  /**
   * Jobs that should look now: those that something happened to, and those whose turn it has
   * become.
   */
  whomToWake(): readonly string[] {
    if (!this.#makesRoom) return [...this.#wake];
    const { now } = this.#loaded;
    const claimable =
      this.#head.paused === null || (this.#head.paused.until ?? now + 1) <= now
        ? claimableJobs(this.#held.capacity, this.front(), now, this.#context.settings)
        : [];
    return [...new Set([...this.#wake, ...claimable])];
  }

  /** Puts the held fleet back: what was written comes with the next load. */
  undo(): void {
    for (const monitor of this.#touched) this.#held.restore(monitor, this.#loaded.now);
    this.#touched.clear();
  }

  /** What an operation sees: the round's one view, turned to what this operation reads. */
  #viewFor({ reads }: Operation<unknown>): ProfileView {
    for (const { uniqueId } of reads.jobs ?? none) {
      const loaded = this.#loaded.jobs[this.#jobsRead++];
      if (loaded === undefined) continue;
      this.#counted.set(uniqueId, loaded);
      if (!this.#jobs.has(uniqueId)) this.#jobs.set(uniqueId, this.#read(loaded.stored));
    }
    this.#view.turnTo(reads, this.#head, this.#loaded.place + this.#placesGiven);
    this.#placesGiven += reads.places ?? 0;
    return this.#view;
  }

  /** A stored job with its times as they are by this clock. */
  #read<Stored extends StoredJob | null>(stored: Stored): Stored {
    if (stored === null) return stored;
    const job = ofThisClock(stored.job, this.#context.clockSince, this.#context.settings);
    return job === stored.job ? stored : { ...stored, job };
  }

  /** Jobs that were loaded, as they are by now. */
  currentJobs(stored: readonly StoredJob[]): Job[] {
    return stored.flatMap((one) => {
      const { uniqueId } = one.job;
      if (!this.#jobs.has(uniqueId)) this.#jobs.set(uniqueId, this.#read(one));
      const known = this.#jobs.get(uniqueId);
      return known === null || known === undefined ? [] : [known.job];
    });
  }

  jobView(uniqueId: string, order: string | null): JobView {
    const counted = this.#counted.get(uniqueId);
    const job = this.#jobs.get(uniqueId)?.job ?? null;
    if (counted === undefined) return { job, ahead: [], asideAhead: [] };
    if (order === null || this.#moves.length === 0)
      return { job, ahead: counted.ahead, asideAhead: counted.asideAhead };
    return {
      job,
      ahead: this.#recount(counted.ahead, "line", order, uniqueId),
      asideAhead: this.#recount(counted.asideAhead, "aside", order, uniqueId),
    };
  }

  /** Counts of before, less those who left in this round, and with those who came. */
  #recount(counts: readonly NeedCount[], list: Entry["list"], order: string, uniqueId: string): readonly NeedCount[] {
    const isAhead = (entry: Entry | null, id: string): entry is Entry =>
      entry !== null && entry.list === list && `${entry.order}:${id}` < `${order}:${uniqueId}`;
    const byNeed = new Map(counts.map(({ need, jobs }) => [need, jobs]));
    const add = (need: number, jobs: number) => byNeed.set(need, (byNeed.get(need) ?? 0) + jobs);
    for (const move of this.#moves) {
      if (isAhead(move.before, move.uniqueId)) add(move.before.need, -1);
      if (isAhead(move.after, move.uniqueId)) add(move.after.need, 1);
    }
    return [...byNeed].map(([need, jobs]) => ({ need, jobs }));
  }

  /** The first present jobs, as they stand by now. */
  front(): ProfileView["front"] {
    const left = new Set(this.#moves.filter(({ before }) => before?.list === "line").map(({ uniqueId }) => uniqueId));
    const came = this.#moves.flatMap(({ uniqueId, after }) =>
      after?.list === "line" ? [{ uniqueId, need: after.need, order: after.order }] : [],
    );
    const stayed = this.#loaded.front.filter(({ uniqueId }) => !left.has(uniqueId));
    const all = [...stayed, ...came];
    return all.sort((a, b) => (`${a.order}:${a.uniqueId}` < `${b.order}:${b.uniqueId}` ? -1 : 1));
  }

  #apply(operation: Operation<unknown>, change: Change): CommitPart {
    const { now, epoch } = this.#loaded;
    const relies = change.relies ?? {};
    const room = relies.onRoom === true || relies.onRank !== undefined ? this.#room : null;
    const id = this.#context.newCommitId();
    const { history = none } = change;
    const counts = sumCounts([...history.flatMap((entry) => countEntry(entry) ?? []), ...(change.counts ?? none)]);
    const part: CommitPart = {
      id,
      isRemembered: history.length > 0 || counts.length > 0 || operation.name === "settle",
      loadedAt: now,
      epoch,
      jobs: (change.jobs ?? []).map(({ before, after }) => this.#writeJob(id, before, after)),
      fleet: this.#writeFleet(id, change),
      head: this.#writeHead(this.#headAfter(operation, change)),
      history,
      counts,
      raisesRoom: change.raisesRoom === true,
      room,
      rank: relies.onRank ?? null,
      maxWaiting: relies.maxWaiting ?? null,
    };
    if (change.raisesRoom === true) this.#room += 1;
    if (change.makesRoom === true) this.#makesRoom = true;
    for (const uniqueId of change.wake ?? []) this.#wake.add(uniqueId);
    return part;
  }

  #writeJob(id: string, before: Job | null, decided: Job | null): JobWrite {
    const after = decided === null ? null : withClock(decided, this.#context.clockSince);
    const uniqueId = after?.uniqueId ?? before?.uniqueId ?? "";
    const { lostAt, now } = this.#loaded;
    const { settings } = this.#context;
    const expected = this.#jobs.get(uniqueId)?.revision ?? "";
    const entryBefore = before === null ? null : entryOf(before, lostAt);
    const entryAfter = after === null ? null : entryOf(after, lostAt);
    this.#moves.push({ uniqueId, before: entryBefore, after: entryAfter });
    this.#jobs.set(uniqueId, after === null ? null : { job: after, revision: id });
    return {
      uniqueId,
      expected,
      after,
      entryBefore,
      entryAfter,
      dueAt: after === null ? null : dueAtOf(after, settings),
      keptForMs: after?.forgetAt === undefined ? null : Math.max(1, after.forgetAt - now),
      endedClaim:
        after !== null && before?.state === "claimed" && after.state !== "claimed" ? before.claim?.id : undefined,
      hasEnded: after !== null && isOver(after.state) && (before === null || !isOver(before.state)),
    };
  }

  #writeFleet(id: string, { snapshots, takes, removed }: Change): FleetWrite[] {
    const documents: FleetWrite[] = [];
    for (const [monitor, value] of snapshots ?? []) {
      documents.push({ kind: "snapshot", monitor, expected: this.#revise(id, "snapshot", monitor), value });
      this.#setRow(monitor, (row) => ({ ...row, ...value }));
    }
    for (const [monitor, value] of takes ?? []) {
      documents.push({ kind: "takes", monitor, expected: this.#revise(id, "takes", monitor), value });
      this.#setRow(monitor, (row) => ({ ...row, ...value }));
    }
    for (const monitor of removed ?? []) {
      for (const kind of ["snapshot", "takes"] as const) {
        if (this.#held.revisionOf(kind, monitor) === "") continue;
        documents.push({ kind, monitor, expected: this.#revise(id, kind, monitor), value: null });
      }
      this.#setRow(monitor, () => null);
    }
    return documents;
  }

  #setRow(monitor: string, change: (row: FleetRow) => FleetRow | null): void {
    this.#touched.add(monitor);
    this.#held.capacity.set(monitor, change(this.#held.capacity.rows.get(monitor) ?? emptyRow), this.#loaded.now);
  }

  /** The revision that a document has by now; from here on it is `id`. */
  #revise(id: string, kind: FleetDocument["kind"], monitor: string): string {
    const name = `${kind}/${monitor}`;
    const revision = this.#revisions.get(name) ?? this.#held.revisionOf(kind, monitor);
    this.#revisions.set(name, id);
    return revision;
  }

  /** What an operation changes of the head, and what follows for the shares of the line. */
  #headAfter({ reads }: Operation<unknown>, { head = {}, jobs = none }: Change): Partial<ProfileHead> {
    return { ...head, ...followShares({ ...this.#head, ...head }, jobs, reads.flows === true) };
  }

  #writeHead(change: Partial<ProfileHead>): HeadWrite[] {
    const parts = Object.keys(change) as (keyof ProfileHead)[];
    const writes = parts.map(
      (part): HeadWrite =>
        ({
          part,
          before: this.#head[part],
          after: change[part] ?? null,
        }) as HeadWrite,
    );
    this.#head = { ...this.#head, ...change };
    return writes;
  }
}
