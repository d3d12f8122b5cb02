// What a store does. It knows no rule of the queue: it loads what an operation asks for, and
// commits what it decided if all that it relied on still holds. Each of the two is atomic. A store
// that cannot be reached, or answers with an error, throws StoreUnavailable: a lost dependency, not
// an outcome.
import type { Snapshot, Takes } from "./fleet/fleet.ts";
import type { HistoryEntry } from "./history.ts";
import type { Job } from "./job/job.ts";
import type { Entry, ListName, NeedCount } from "./line/line.ts";
import type { JobRead, ProfileHead } from "./profile.ts";
import type { Count } from "./stats/count.ts";

export class StoreUnavailable extends Error {
  override readonly name = "StoreUnavailable";
}

/**
 * A document as a store has it. Its revision is the id of the change that wrote it, and no counter:
 * two changes that were decided on one state must not pass for each other. "": there is none.
 */
export interface StoredJob {
  readonly job: Job;
  readonly revision: string;
}

export type FleetValue =
  | { readonly kind: "snapshot"; readonly monitor: string; readonly value: Snapshot | null }
  | { readonly kind: "takes"; readonly monitor: string; readonly value: Takes | null };
export type FleetDocument = FleetValue & { readonly revision: string };
/** `expected`: the revision that it was read at. */
export type FleetWrite = FleetValue & { readonly expected: string };

export interface LoadRequest {
  readonly profileKey: string;
  readonly jobs: readonly JobRead[];
  /** so many present jobs from the front of each need */
  readonly front: number;
  /**
   * so many jobs that are due, and as many whose time lies further ahead than it can: the clock was
   * set back
   */
  readonly due: number;
  readonly maxDueAheadMs: number;
  readonly listed: number;
  readonly absent: number;
  /** so many places in line */
  readonly places: number;
  readonly sizes: boolean;
  readonly figures: boolean;
  /** the flows that share the line */
  readonly flows: boolean;
  /** the fleet that the caller holds: only what is newer is sent */
  readonly held: { readonly epoch: string; readonly version: number };
}

export interface LoadedJob {
  readonly stored: StoredJob | null;
  readonly ahead: readonly NeedCount[];
  readonly asideAhead: readonly NeedCount[];
}

export interface FrontJob {
  readonly uniqueId: string;
  readonly need: number;
  readonly order: string;
}

export interface Loaded {
  /** the store's clock, ms */
  readonly now: number;
  /**
   * which life of the store this is, and since when it knows everything; "": it does not know the
   * profile
   */
  readonly epoch: string;
  readonly lostAt: number;
  /** rises with every change that lowers what others may count on */
  readonly room: number;
  readonly head: ProfileHead;
  readonly fleetVersion: number;
  /** the documents are all there are: what the caller held is of another epoch */
  readonly isWholeFleet: boolean;
  readonly fleet: readonly FleetDocument[];
  readonly jobs: readonly LoadedJob[];
  readonly front: readonly FrontJob[];
  readonly due: readonly StoredJob[];
  readonly listed: readonly StoredJob[];
  readonly absent: readonly StoredJob[];
  /** the first of the places that were asked for */
  readonly place: number;
  readonly sizes: Readonly<Record<ListName, readonly NeedCount[]>>;
}

export interface JobWrite {
  readonly uniqueId: string;
  /** the revision that it was read at */
  readonly expected: string;
  /** null: it is forgotten */
  readonly after: Job | null;
  readonly entryBefore: Entry | null;
  readonly entryAfter: Entry | null;
  readonly dueAt: number | null;
  /**
   * how long a tombstone is kept, ms; null: a live job is kept until time ends it, for the lists
   * name it
   */
  readonly keptForMs: number | null;
  /** it is over from now on */
  readonly hasEnded: boolean;
  /** the claim that ended by it */
  readonly endedClaim?: string | undefined;
}

export interface HeadWrite<Part extends keyof ProfileHead = keyof ProfileHead> {
  readonly part: Part;
  /** what was read: it must still be that */
  readonly before: ProfileHead[Part];
  readonly after: ProfileHead[Part];
}

export interface RankCheck {
  readonly uniqueId: string;
  readonly order: string;
  readonly servable: number;
  readonly runners: number;
  readonly isAsideCounted: boolean;
}

/** One operation's change: written as a whole or not at all. */
export interface CommitPart {
  /** the same at each try to write it, and the revision of all that it writes. No spaces */
  readonly id: string;
  readonly isRemembered: boolean;
  readonly loadedAt: number;
  readonly epoch: string;
  readonly jobs: readonly JobWrite[];
  readonly fleet: readonly FleetWrite[];
  readonly head: readonly HeadWrite[];
  readonly history: readonly HistoryEntry[];
  readonly counts: readonly Count[];
  readonly raisesRoom: boolean;
  /** the room revision that it relies on, and that no part before it fell out; null: on none */
  readonly room: number | null;
  readonly rank: RankCheck | null;
  readonly maxWaiting: number | null;
}

export type PartResult =
  | "done"
  /** something that it relied on is not so any more */
  | "conflict"
  /** the store lives another life than the profile knows of: a new epoch has to begin */
  | "lost";

/** A document that belongs to no profile, and when it was written. */
export interface StoredDocument {
  readonly text: string | null;
  readonly writtenAt: number;
  /** the store's clock, ms */
  readonly now: number;
}

export interface SwapReply extends StoredDocument {
  readonly isSwapped: boolean;
}

/** "known": the name was on the roll already, and counts from now on anew. */
export interface EnrolReply {
  readonly standing: "added" | "known" | "full";
  /** how many names are on the roll now */
  readonly count: number;
}

/** What was counted in an hour, by name. */
export type HourCounts = Readonly<Record<string, number>>;

export type MaybePromise<T> = T | Promise<T>;

export interface Store {
  /** Whether load and commit answer without a promise. */
  readonly answersAtOnce?: boolean;
  load(request: LoadRequest): MaybePromise<Loaded>;
  /**
   * Writes the parts in order, each as a whole or not at all, and tells whoever waits for these
   * jobs.
   */
  commit(
    profileKey: string,
    parts: readonly CommitPart[],
    wake: readonly string[],
  ): MaybePromise<readonly PartResult[]>;
  /**
   * Begins a new epoch where the profile is still of `epoch`: all jobs leave the line until
   * evidence clears them.
   */
  beginEpoch(profileKey: string, epoch: string): MaybePromise<void>;
  readDocument(name: string): MaybePromise<StoredDocument>;
  /** Replaces a document if it still is `expected` (null: there is none); null removes it. */
  swapDocument(
    name: string,
    expected: string | null,
    next: string | null,
    keptForMs: number | null,
  ): MaybePromise<SwapReply>;
  /**
   * One of `limit` places at a monitor, unless a fence was set there; it frees itself after
   * `keptForMs`.
   */
  takePlace(monitor: string, key: string, limit: number, keptForMs: number): MaybePromise<"taken" | "full" | "fenced">;
  /** Frees the place, and counts what came of it. */
  freePlace(monitor: string, key: string, result: string | null): MaybePromise<void>;
  /** No place is given out until then (ms); 0: from now on. */
  fence(monitor: string, until: number): MaybePromise<void>;
  /** What came of places so far. */
  readResults(monitor: string): MaybePromise<Readonly<Record<string, number>>>;
  /**
   * Puts a name on a roll for `keptForMs`, unless `limit` others are on it. A roll is a set of
   * names that belongs to no profile; each leaves by itself when its time is over.
   */
  enrol(roll: string, name: string, limit: number, keptForMs: number): MaybePromise<EnrolReply>;
  /** Takes names off a roll. */
  strike(roll: string, names: readonly string[]): MaybePromise<void>;
  /** How many names are on a roll. */
  countRoll(roll: string): MaybePromise<number>;
  /** Names on a roll that would leave it by `until` (ms), the first ones first. */
  readRoll(roll: string, until: number, limit: number): MaybePromise<readonly string[]>;
  /** Every profile that was ever begun. */
  listProfiles(): MaybePromise<readonly string[]>;
  hasProfile(profileKey: string): MaybePromise<boolean>;
  /**
   * Forgets a profile with all that is known of it, but for documents of jobs: those end by
   * themselves.
   */
  forgetProfile(profileKey: string): MaybePromise<void>;
  /** The last entries, newest first. */
  readHistory(profileKey: string, limit: number): MaybePromise<readonly HistoryEntry[]>;
  /** What was counted in each of these hours, by name, in their order; kept for HISTORY_KEEP. */
  readCounts(profileKey: string, hours: readonly number[]): MaybePromise<readonly HourCounts[]>;
  /**
   * Jobs of which there was news since this was asked last, here; null: nobody can tell, all should
   * look.
   */
  missedNews(profileKey: string): MaybePromise<readonly string[] | null>;
  /**
   * Whom to wake from now on. Null ids: whoever waits, for news may have been lost. A wake is only
   * a hint to poll again.
   */
  onWake(listener: (profileKey: string, uniqueIds: readonly string[] | null) => void): void;
  /** Which profiles somebody waits for here: only their news is wanted. */
  listen(profileKey: string, isAwaited: boolean): void;
  /** Resolves when the store answers and takes writes. */
  ping(): MaybePromise<void>;
  close(): MaybePromise<void>;
}
