// What the embedded store knows of each monitor beside its rows in the profiles: when it was asked, who drained it, what is under way
// there, and what came of its takes.
import { type Act, drainedBy, isInForce } from "../../queue/acts.ts";
import type { Drained } from "../../queue/fleet.ts";
import type { DashboardNews, MonitorRecord, MonitorView, PollLease, TakeResult } from "../../queue/ports.ts";
import type { Keeper } from "./keeper.ts";

type KeptEntry = Omit<Entry, "slots"> & { readonly slots: readonly (readonly [legKey: string, until: number])[] };

interface Entry {
  record: MonitorRecord;
  nextAskAt: number;
  begunAt: number;
  pollId: string;
  isResting: boolean;
  drain: Act | null;
  takes: Partial<Record<TakeResult, number>>;
  readonly slots: Map<string, number>;
}

/** A monitor that keeps inventing profiles is believed so many. */
const mostProfilesPerMonitor = 1_000;
/** Between two polls that it pushed for. */
const leastPushMs = 100;

export class MonitorBook {
  readonly #entries = new Map<string, Entry>();
  readonly #keeper: Keeper;

  constructor(keeper: Keeper) {
    this.#keeper = keeper;
    for (const [monitor, kept] of keeper.entries("")) {
      const { slots, ...entry } = kept as KeptEntry;
      this.#entries.set(monitor, { ...entry, slots: new Map(slots) });
    }
  }

  /** At most one at a time gets "ask". */
  beginPoll(monitor: string, pollId: string, holdMs: number, isPushed: boolean, now: number): PollLease {
    const entry = this.#entryOf(monitor);
    // A monitor that pushes without end is heard ten times a second, and one that fails when its time has come.
    const isHeard = isPushed && entry.begunAt + leastPushMs <= now && entry.record.failures === 0;
    if (entry.nextAskAt > now && entry.pollId !== pollId && !isHeard) {
      return { kind: "skip", record: entry.record, isResting: entry.isResting };
    }
    entry.nextAskAt = now + holdMs;
    entry.begunAt = now;
    entry.pollId = pollId;
    entry.isResting = false;
    return { kind: "ask", askedAt: now, record: entry.record };
  }

  finishPoll(monitor: string, askedAt: number, news: DashboardNews, nextAskAt: number): MonitorRecord {
    const entry = this.#entryOf(monitor);
    entry.nextAskAt = nextAskAt;
    const { record } = entry;
    const shown = news.kind === "snapshot" ? news.counts.keys() : [];
    entry.record = {
      askedAt,
      answeredAt: news.kind === "snapshot" ? askedAt : record.answeredAt,
      // reporting twice counts once
      failures: news.kind !== "failed" ? 0 : record.askedAt === askedAt ? record.failures : record.failures + 1,
      profiles: [...new Set([...record.profiles, ...shown])].slice(0, mostProfilesPerMonitor),
    };
    this.#keep(monitor, entry);
    return entry.record;
  }

  /** Nobody waits for its runners: it is asked again in `restInMs`, counted from the last time. */
  rest(monitor: string, askedAt: number, restInMs: number): void {
    const entry = this.#entryOf(monitor);
    if (entry.record.askedAt !== askedAt) return;
    entry.nextAskAt = askedAt + restInMs;
    entry.isResting = true;
    this.#keep(monitor, entry);
  }

  hurry(monitor: string, intervalMs: number): void {
    const entry = this.#entryOf(monitor);
    if (!entry.isResting) return;
    entry.nextAskAt = entry.record.askedAt + intervalMs;
    entry.isResting = false;
  }

  acquireSlot(monitor: string, legKey: string, limit: number, ttlMs: number, now: number): boolean {
    const { slots } = this.#entryOf(monitor);
    for (const [key, until] of slots) if (until <= now) slots.delete(key);
    if (!slots.has(legKey) && slots.size >= limit) return false;
    slots.set(legKey, now + ttlMs);
    this.#keep(monitor, this.#entryOf(monitor));
    return true;
  }

  releaseSlot(monitor: string, legKey: string): void {
    const entry = this.#entryOf(monitor);
    if (entry.slots.delete(legKey)) this.#keep(monitor, entry);
  }

  /** The last word from now on; each has a time of its own. */
  setDrain(monitor: string, act: Act): void {
    const entry = this.#entryOf(monitor);
    entry.drain = { ...act, at: Math.max(act.at, (entry.drain?.at ?? 0) + 1) };
    this.#keep(monitor, entry);
  }

  drained(monitor: string): Drained {
    return drainedBy(this.#entryOf(monitor).drain);
  }

  noteTake(monitor: string, result: TakeResult): void {
    const entry = this.#entryOf(monitor);
    entry.takes = { ...entry.takes, [result]: (entry.takes[result] ?? 0) + 1 };
    this.#keep(monitor, entry);
  }

  view(monitor: string, now: number): MonitorView {
    const { record, nextAskAt, drain, takes } = this.#entryOf(monitor);
    return { record, nextAskAt, drain: isInForce(drain, now) ? drain : null, takes: { ...takes } };
  }

  #keep(monitor: string, { slots, ...entry }: Entry): void {
    this.#keeper.put(monitor, { ...entry, slots: [...slots] } satisfies KeptEntry);
  }

  #entryOf(monitor: string): Entry {
    const known = this.#entries.get(monitor);
    if (known !== undefined) return known;
    const record = { askedAt: 0, answeredAt: 0, failures: 0, profiles: [] };
    const created = {
      record,
      nextAskAt: 0,
      begunAt: 0,
      pollId: "",
      isResting: false,
      drain: null,
      takes: {},
      slots: new Map<string, number>(),
    };
    this.#entries.set(monitor, created);
    return created;
  }
}
