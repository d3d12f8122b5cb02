import { type ListName, type NeedCount, sumAhead } from "../../queue/line/line.ts";
import { maxCommitAgeMs } from "../../queue/settings.ts";
import type {
  CommitPart,
  FleetDocument,
  JobWrite,
  Loaded,
  LoadRequest,
  PartResult,
  RankCheck,
  StoredJob,
} from "../../queue/store.ts";
import { CountMemory } from "./count-memory.ts";
import { DueTimes } from "./due-times.ts";
import { HistoryMemory } from "./history-memory.ts";
import { type KeptHead, noHead, withWholeHead } from "./kept-head.ts";
import type { Persistence } from "./persistence.ts";
import { SortedLine } from "./sorted-line.ts";

interface KeptJob {
  readonly stored: StoredJob;
  readonly entry: JobWrite["entryAfter"];
  readonly dueAt: number | null;
  /** null: it lives */
  readonly forgetAt: number | null;
}

const none: readonly never[] = [];
export class ProfileMemory {
  readonly #persistence: Persistence;
  readonly #prefix: string;
  readonly #asideCountedMs: number;
  readonly #jobs = new Map<string, KeptJob>();
  readonly #lists: Readonly<Record<ListName, SortedLine>> = {
    line: new SortedLine(),
    aside: new SortedLine(),
    claimed: new SortedLine(),
  };
  readonly #due = new DueTimes();
  /** tombstones by when they are forgotten */
  readonly #ends = new DueTimes();
  readonly #fleet = new Map<string, { readonly document: FleetDocument; readonly version: number }>();
  #kept: KeptHead = { epoch: "", room: 0, version: 0, head: noHead, noted: 0 };

  #place = 0;

  readonly history: HistoryMemory;
  readonly counts: CountMemory;

  constructor(profileKey: string, persistence: Persistence, asideCountedMs: number, historyKeepMs: number) {
    this.#persistence = persistence;
    this.#prefix = `profile/${profileKey}/`;
    this.#asideCountedMs = asideCountedMs;
    this.history = new HistoryMemory(persistence, `${this.#prefix}history/`);
    this.counts = new CountMemory(persistence, `${this.#prefix}counts/`, historyKeepMs);
    for (const [, kept] of persistence.entries(`${this.#prefix}head`)) this.#kept = withWholeHead(kept as KeptHead);
    for (const [, place] of persistence.entries(`${this.#prefix}place`)) this.#place = Number(place);
    for (const [uniqueId, kept] of persistence.entries(`${this.#prefix}job/`)) this.#index(uniqueId, kept as KeptJob);
    for (const [name, kept] of persistence.entries(`${this.#prefix}fleet/`)) {
      this.#fleet.set(name, kept as { document: FleetDocument; version: number });
    }
  }

  load(request: LoadRequest, now: number): Loaded {
    const { epoch, room, version, head } = this.#kept;
    const since = Number.parseInt(epoch, 10) || 0;
    const isWholeFleet = epoch !== request.held.epoch;
    const areAsideCounted = now - since < this.#asideCountedMs;
    return {
      now,
      epoch,
      lostAt: since,
      room,
      head,
      fleetVersion: version,
      isWholeFleet,
      fleet:
        isWholeFleet || version > request.held.version ? this.#fleetSince(isWholeFleet, request.held.version) : none,
      jobs: request.jobs.map(({ uniqueId, order }) => {
        const before = order === null ? null : `${order}:${uniqueId}`;
        return {
          stored: this.#read(uniqueId, now),
          ahead: before === null ? none : this.#lists.line.count(before),
          asideAhead: before === null || !areAsideCounted ? none : this.#lists.aside.count(before),
        };
      }),
      front: request.front === 0 ? none : this.#lists.line.first(request.front),
      due: request.due === 0 ? none : this.#readDue(request, now),
      listed: request.listed === 0 ? none : this.#readListed(request.listed, now),
      absent: request.absent === 0 ? none : this.#readAll(this.#lists.aside.first(request.absent), now),
      place: request.places === 0 ? 0 : this.#givePlaces(request.places, since, now),
      sizes: request.sizes ? this.#countAll() : noSizes,
    };
  }

  /** Writes the parts in order, each as a whole or not at all. */
  commit(parts: readonly CommitPart[], now: number): readonly PartResult[] {
    let hasConflict = false;
    return parts.map((part) => {
      // a part that relies on the room was decided on what those before it do: it falls with them
      const isSound = part.epoch === this.#kept.epoch && !(hasConflict && part.room !== null) && this.#holds(part, now);
      hasConflict ||= !isSound;
      if (!isSound) return "conflict";
      this.#write(part, now);
      return "done";
    });
  }

  /** Begins an epoch: all jobs leave the line. */
  beginEpoch(epoch: string, next: string): void {
    if (this.#kept.epoch !== epoch) return;
    const kept = { ...this.#kept, epoch: next, room: this.#kept.room + 1 };
    this.#persistence.transact(() => this.#persistence.put(`${this.#prefix}head`, kept));
    this.#kept = kept;
    for (const [uniqueId, job] of this.#jobs) {
      if (job.entry?.list === "line") this.#index(uniqueId, { ...job, entry: { ...job.entry, list: "aside" } });
    }
  }

  /** Removes all that is kept but jobs; what stays in memory is thrown away with this object. */
  forget(): void {
    const kept = [...this.#persistence.entries(this.#prefix)].map(([name]) => name);
    for (const name of kept) if (!name.startsWith("job/")) this.#persistence.remove(this.#prefix + name);
  }

  get epoch(): string {
    return this.#kept.epoch;
  }

  #holds(part: CommitPart, now: number): boolean {
    if (now - part.loadedAt > maxCommitAgeMs || now < part.loadedAt) return false;
    if (part.room !== null && part.room !== this.#kept.room) return false;
    const areJobsAsRead = part.jobs.every(
      ({ uniqueId, expected }) => (this.#read(uniqueId, now)?.revision ?? "") === expected,
    );
    const isFleetAsRead = part.fleet.every(
      ({ kind, monitor, expected }) => this.#revisionOf(`${kind}/${monitor}`) === expected,
    );
    const isHeadAsRead = part.head.every(({ part: name, before }) => this.#kept.head[name] === before);
    if (!areJobsAsRead || !isFleetAsRead || !isHeadAsRead) return false;
    if (part.rank !== null && this.#runnersAhead(part.rank) > part.rank.runners) return false;
    return part.maxWaiting === null || this.#lists.line.size + this.#lists.aside.size <= part.maxWaiting;
  }

  #revisionOf(name: string): string {
    return this.#fleet.get(name)?.document.revision ?? "";
  }

  #runnersAhead({ uniqueId, order, servable, isAsideCounted }: RankCheck): number {
    const before = `${order}:${uniqueId}`;
    const counts = [...this.#lists.line.count(before), ...(isAsideCounted ? this.#lists.aside.count(before) : none)];
    return sumAhead(counts, servable).runners;
  }

  #write(part: CommitPart, now: number): void {
    let version = this.#kept.version;
    const jobs = part.jobs.map(({ uniqueId, after, entryAfter, dueAt, keptForMs }) => ({
      uniqueId,
      kept:
        after === null
          ? null
          : {
              stored: { job: after, revision: part.id },
              entry: entryAfter,
              dueAt,
              forgetAt: keptForMs === null ? null : now + keptForMs,
            },
    }));
    const fleet = part.fleet.map(({ expected: _, ...value }) => {
      version += 1;
      const document: FleetDocument = { ...value, revision: value.value === null ? "" : part.id };
      return { name: `${value.kind}/${value.monitor}`, kept: { document, version } };
    });
    const head = { ...this.#kept.head };
    for (const { part: name, after } of part.head) Object.assign(head, { [name]: after });
    const kept: KeptHead = {
      ...this.#kept,
      version,
      head: part.head.length > 0 ? head : this.#kept.head,
      room: this.#kept.room + (part.raisesRoom ? 1 : 0),
      noted: this.#kept.noted + part.history.length,
    };
    const isHeadNew = part.head.length > 0 || part.raisesRoom || fleet.length > 0 || part.history.length > 0;
    let remember: (() => void)[] = [];
    this.#persistence.transact(() => {
      for (const { uniqueId, kept: job } of jobs) this.#keep(`job/${uniqueId}`, job);
      for (const { name, kept: document } of fleet) {
        this.#keep(`fleet/${name}`, document.document.value === null ? null : document);
      }
      remember = [this.history.put(part.history, this.#kept.noted), this.counts.put(part.counts, now)];
      if (isHeadNew) this.#keep("head", kept);
    });
    // from here on nothing fails
    for (const { uniqueId, kept: job } of jobs) this.#index(uniqueId, job);
    for (const { name, kept: document } of fleet) this.#fleet.set(name, document);
    this.#kept = kept;
    for (const one of remember) one();
  }

  #keep(name: string, value: unknown): void {
    if (value === null) this.#persistence.remove(this.#prefix + name);
    else this.#persistence.put(this.#prefix + name, value);
  }

  #index(uniqueId: string, kept: KeptJob | null): void {
    const before = this.#jobs.get(uniqueId)?.entry ?? null;
    const after = kept?.entry ?? null;
    if (before !== null && !isSameEntry(before, after)) this.#lists[before.list].remove(before, uniqueId);
    if (after !== null) this.#lists[after.list].add(after, uniqueId);
    this.#due.set(uniqueId, kept?.dueAt ?? null);
    this.#ends.set(uniqueId, kept?.forgetAt ?? null);
    if (kept === null) this.#jobs.delete(uniqueId);
    else this.#jobs.set(uniqueId, kept);
  }

  #read(uniqueId: string, now: number): StoredJob | null {
    const kept = this.#jobs.get(uniqueId);
    return kept === undefined || (kept.forgetAt !== null && kept.forgetAt <= now) ? null : kept.stored;
  }

  #readAll(jobs: readonly { readonly uniqueId: string }[], now: number): readonly StoredJob[] {
    return jobs.flatMap(({ uniqueId }) => this.#read(uniqueId, now) ?? []);
  }

  #readDue({ due, maxDueAheadMs }: LoadRequest, now: number): readonly StoredJob[] {
    this.#forget(now, due);
    const names = [...this.#due.dueBy(now, due), ...this.#due.dueAfter(now + maxDueAheadMs, due)];
    return this.#readAll(
      names.map((uniqueId) => ({ uniqueId })),
      now,
    );
  }

  #readListed(limit: number, now: number): readonly StoredJob[] {
    const { line, aside, claimed } = this.#lists;
    return this.#readAll(
      [line, aside, claimed].flatMap((list) => list.first(limit)),
      now,
    );
  }

  /** What Redis does by itself: documents whose time is over are gone. */
  #forget(now: number, limit: number): void {
    const names = this.#ends.dueBy(now, limit);
    if (names.length === 0) return;
    this.#persistence.transact(() => {
      for (const uniqueId of names) this.#keep(`job/${uniqueId}`, null);
    });
    for (const uniqueId of names) this.#index(uniqueId, null);
  }

  #fleetSince(isWhole: boolean, version: number): readonly FleetDocument[] {
    const documents: FleetDocument[] = [];
    for (const { document, version: changed } of this.#fleet.values()) {
      if (isWhole ? document.value !== null : changed > version) documents.push(document);
    }
    return documents;
  }

  #countAll(): Readonly<Record<ListName, readonly NeedCount[]>> {
    const { line, aside, claimed } = this.#lists;
    return { line: line.count(null), aside: aside.count(null), claimed: claimed.count(null) };
  }

  #givePlaces(places: number, since: number, now: number): number {
    const first = Math.max(this.#place + 1, now * 1000, since * 1000 + 1);
    this.#persistence.transact(() => this.#keep("place", first + places - 1));
    this.#place = first + places - 1;
    return first;
  }
}

const noSizes = { line: none, aside: none, claimed: none } as const;

function isSameEntry(a: NonNullable<KeptJob["entry"]>, b: KeptJob["entry"]): boolean {
  return b !== null && a.list === b.list && a.need === b.need && a.order === b.order;
}
