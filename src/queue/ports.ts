// The interfaces that the core owns. Stores, monitors and observers implement them; the core knows nothing else of them.
// A store that cannot be reached throws StoreUnavailable: a lost dependency, not an outcome.
import type { Act } from "./acts.ts";
import type { Fleet, ProfileCounts } from "./fleet.ts";
import type { FreedRate } from "./freed-rate.ts";
import type { HistoryEntry } from "./history.ts";
import type { HeldRunner, Job, JobRequest, JobState, Ticket } from "./job.ts";
import type { Outlook } from "./line-view.ts";
import type { WaitReason } from "./rank-gate.ts";
import type { Evidence } from "./reconcile.ts";
import type { Settlement, SettleReply } from "./settlement.ts";

export class StoreUnavailable extends Error {
  override readonly name = "StoreUnavailable";
}

export interface EnqueueCommand {
  readonly request: JobRequest;
  /** every monitor was asked once and at least one has answered: targets are worth judging by */
  readonly isFleetKnown: boolean;
  /** the caller goes elsewhere if more runners than this have to come free first; without it he waits */
  readonly mostRunnersBefore?: number | undefined;
}

export type EnqueueReply =
  | { readonly kind: "accepted"; readonly place: number; readonly isNew: boolean }
  | { readonly kind: "unsatisfiable"; readonly targets: number }
  | { readonly kind: "too_long"; readonly runnersBefore: number }
  /** "settling": an earlier job of this id is over, but a monitor may still be at work for it */
  | { readonly kind: "conflict" | "id_used" | "fleet_unknown" | "full" | "settling" };

export interface PollCommand {
  readonly ticket: Ticket;
  /** the id of the claim, should this poll win one; unique per poll, so that a repeated script is recognised */
  readonly claimId: string;
  readonly owner: string;
  /** 0..999, a hash of the job */
  readonly spread: number;
  /** how long this request will stay open if there is nothing for it yet, ms; 0: it is answered at once */
  readonly holdMs: number;
  /** the request that is held: the same in every poll of it; "" where it is not */
  readonly holder: string;
}

export type PollReply =
  | {
      readonly kind: "wait";
      readonly reason: WaitReason;
      readonly position: number;
      readonly retryAfterSeconds: number;
      readonly isReadmitted: boolean;
      /** as in a Turn */
      readonly runnersBefore: number | null;
    }
  | { readonly kind: "claimed"; readonly job: Job; readonly isReadmitted: boolean }
  | { readonly kind: "taken"; readonly answer: string }
  /** the store may have forgotten a claim of this job at `lostAt`: evidence first */
  | {
      readonly kind: "suspect";
      readonly job: Job;
      readonly lostAt: number;
      readonly now: number;
      readonly position: number;
      readonly retryAfterSeconds: number;
      readonly isReadmitted: boolean;
    }
  /** `isNew`: this very poll found that its time was over */
  | { readonly kind: "abandoned"; readonly isNew: boolean }
  | { readonly kind: "failed" | "cancelled" | "answer_expired" | "ticket_expired" | "superseded" };

export interface NamedJob {
  readonly uniqueId: string;
  readonly job: Job;
}

export interface SweepReply {
  readonly now: number;
  readonly lostAt: number;
  readonly abandoned: readonly NamedJob[];
  /** runners let go because the rest of their job's runners did not come in HOLD_TIMEOUT */
  readonly leaked: readonly string[];
  /** claims whose owner died; they are ours now */
  readonly lapsed: readonly NamedJob[];
  readonly freedRate: FreedRate;
  /** there was more to do than is done at once */
  readonly isMore: boolean;
}

export type CancelReply =
  | { readonly kind: "cancelled"; readonly job: Job; readonly leaked: readonly string[] }
  | { readonly kind: "over"; readonly state: JobState }
  | { readonly kind: "unknown" };

export type InspectReply =
  | {
      readonly kind: "job";
      readonly job: Job;
      /** null: it does not wait */
      readonly position: number | null;
      readonly outlook: Outlook | null;
      readonly now: number;
    }
  | { readonly kind: "unknown" };

/** An operator's wish. `until`: ms since 1970, or null for as long as nobody ends it; of no use in an end. */
export interface ActRequest {
  readonly kind: "begin" | "end";
  readonly by: string;
  readonly note: string;
  readonly until: number | null;
}

/** A profile as operators see it. */
export interface ProfileView {
  readonly now: number;
  readonly lostAt: number;
  readonly paused: Act | null;
  readonly fleet: Fleet;
  /** jobs that wait, present or not, and the runners that they need */
  readonly waitingJobs: number;
  readonly wantedRunners: number;
  /** place of the job that has waited longest */
  readonly oldestPlace: number | null;
  /** the first live jobs in order of place, claimed ones included */
  readonly jobs: readonly NamedJob[];
  /** one sample a minute of the last hour, oldest first: minutes since 1970, jobs waiting, runners idle */
  readonly chart: readonly (readonly [minute: number, waiting: number, idle: number])[];
}

/** What came of a take, as counted for its monitor. */
export const takeResults = ["taken", "unreachable", "rejected", "unsent", "unknown", "silent"] as const;
export type TakeResult = (typeof takeResults)[number];

export interface MonitorView {
  readonly record: MonitorRecord;
  readonly nextAskAt: number;
  readonly drain: Act | null;
  readonly takes: Readonly<Partial<Record<TakeResult, number>>>;
}

export type PollLease =
  /** ask this monitor now; `askedAt` is the store's clock */
  | { readonly kind: "ask"; readonly askedAt: number; readonly record: MonitorRecord }
  /** `isResting`: nobody wanted its news, so it is asked at a slower pace */
  | { readonly kind: "skip"; readonly record: MonitorRecord; readonly isResting: boolean };

/** How often a monitor is asked, ms: usually, and where nobody waits for its runners. */
export interface PollPace {
  readonly nextInMs: number;
  readonly restInMs: number;
}

/** What all instances know of a monitor beside its profiles' rows. */
export interface MonitorRecord {
  readonly askedAt: number;
  /** the last time it gave a dashboard; 0 = never */
  readonly answeredAt: number;
  /** dashboards that failed in a row */
  readonly failures: number;
  readonly profiles: readonly string[];
}

export type DashboardNews =
  | { readonly kind: "snapshot"; readonly counts: ReadonlyMap<string, ProfileCounts> }
  /** a 503: it is being drawn anew. Neither fresh nor down */
  | { readonly kind: "redrawing" }
  | { readonly kind: "failed" };

export interface Store {
  /** Resolves when the store answers; throws StoreUnavailable. */
  ping(): Promise<void>;
  enqueue(command: EnqueueCommand): Promise<EnqueueReply>;
  poll(command: PollCommand): Promise<PollReply>;
  /** A held request ended too soon. Nothing happens where the job has been heard of since: */
  hangUp(ticket: Ticket, holder: string): Promise<void>;
  /** Jobs whose turn it is. */
  winners(profileKey: string): Promise<readonly string[]>;
  /** Jobs of which there was news since this was asked last, here; null: nobody can tell, all should look. For news that was lost on its way. */
  missedNews(profileKey: string): Promise<readonly string[] | null>;
  /**
   * Whom to wake from now on: jobs whose turn it has become, or that ended or got their answer. Null ids: whoever waits, for news may have
   * been lost. Messages may be lost all the same.
   */
  onWake(listener: (profileKey: string, uniqueIds: readonly string[] | null) => void): void;
  /** Which profiles somebody waits for here: only their news is wanted. */
  listen(profileKey: string, isAwaited: boolean): void;
  /** Tells the other instances that this one still works on the claim; false: it is no longer ours. */
  renew(ticket: Ticket, claimId: string, owner: string, isClientPresent: boolean): Promise<boolean>;
  settle(ticket: Ticket, settlement: Settlement): Promise<SettleReply>;
  cancel(profileKey: string, uniqueId: string, ticket: Ticket | null): Promise<CancelReply>;
  inspect(profileKey: string, uniqueId: string): Promise<InspectReply>;
  sweep(profileKey: string, owner: string): Promise<SweepReply>;
  fleet(profileKey: string): Promise<Fleet>;
  /** The profile under which an id was enqueued, if any is known. */
  findProfile(uniqueId: string): Promise<string | null>;
  /** `limit`: how many jobs are listed. Costs as much as those, however long the line is. */
  view(profileKey: string, limit: number): Promise<ProfileView>;
  /** The last entries, newest first. */
  history(profileKey: string, limit: number): Promise<readonly HistoryEntry[]>;
  /** Stops claims of a profile, or lets them go on. Kept as long as the store keeps anything. */
  pause(profileKey: string, act: ActRequest): Promise<void>;
  /** Stops takes at a monitor, or lets them go on, in all its profiles. */
  drain(monitor: string, act: ActRequest): Promise<void>;
  viewMonitor(monitor: string): Promise<MonitorView>;
  noteTake(monitor: string, result: TakeResult): Promise<void>;
  /** Every profile that a job or a monitor ever named. */
  profiles(): Promise<readonly string[]>;
  /** At most one instance at a time gets "ask"; it must report by finishPoll. `holdMs` bounds how long it may take. */
  beginPoll(monitor: string, pollId: string, holdMs: number, isPushed: boolean): Promise<PollLease>;
  finishPoll(
    monitor: string,
    askedAt: number,
    news: DashboardNews,
    pace: PollPace,
  ): Promise<{ readonly record: MonitorRecord; readonly isResting: boolean }>;
  /** Somebody waits for runners of a monitor that rests: it is asked at its usual pace, `intervalMs`, again. */
  hurry(monitor: string, intervalMs: number): Promise<void>;
  /** One of `limit` places at a monitor; frees itself after `ttlMs`. */
  acquireSlot(monitor: string, legKey: string, limit: number, ttlMs: number): Promise<boolean>;
  releaseSlot(monitor: string, legKey: string): Promise<void>;
  close(): Promise<void>;
}

export interface TakeRequest {
  readonly monitor: string;
  readonly ticket: Ticket;
  readonly runners: number;
  readonly idempotencyKey: string;
  /** unix ms after which a monitor that understands it must refuse */
  readonly notAfter: number;
  /** on this process's clock, performance.now(): a request that has not left by then must not leave */
  readonly sendBy: number;
}

/** What a monitor made of a take, as far as can be known. */
export type TakeOutcome =
  | { readonly kind: "taken"; readonly runners: readonly HeldRunner[] }
  | { readonly kind: "refused"; readonly cause: "unreachable" | "rejected" }
  /** it could not leave this house: nobody is to blame */
  | { readonly kind: "unsent"; readonly what: string }
  /** it answered, but not with runners: one may be labelled all the same */
  | { readonly kind: "unknown"; readonly what: string }
  /** the request left this long ago, and may still be worked on */
  | { readonly kind: "silent"; readonly what: string; readonly sinceSentMs: number };

export interface Monitors {
  readonly names: readonly string[];
  take(request: TakeRequest): Promise<TakeOutcome>;
  /**
   * Runners that the monitor shows as reserved for `uniqueId`, on a dashboard rendered after `notBefore`. Keeps asking until `until` (both
   * on this process's clock, performance.now()); "none" if nothing was to be had.
   */
  readEvidence(monitor: string, uniqueId: string, notBefore: number, until: number): Promise<Evidence>;
}
