// What the queue asks of monitors, and what may come of it. Implementations know how to reach them;
// the rules know only this.
import type { Evidence } from "../job/evidence.ts";
import type { HeldRunner, Ticket } from "../job/job.ts";
import type { ProfileCounts } from "./fleet.ts";

export interface TakeRequest {
  readonly monitor: string;
  readonly ticket: Ticket;
  readonly runners: number;
  readonly idempotencyKey: string;
  /** unix ms after which a monitor that understands it must refuse */
  readonly notAfter: number;
  /** on this process's clock (`now`): a request that has not left by then must not leave */
  readonly sendBy: number;
}

/** Replies to a take that leave it open whether something is reserved. */
export const openWords = [
  /** it answered `null`: no idle runner, or GitHub refused the label */
  "null",
  "status_5xx",
  "status_other",
  "unreadable",
  "timed_out",
  "connection_lost",
] as const;
export type OpenWord = (typeof openWords)[number];

/** What a monitor made of a take, as far as can be known. */
export type TakeOutcome =
  /** `unlistedRunners`: surplus ones that `runners` does not name */
  | { readonly kind: "taken"; readonly runners: readonly HeldRunner[]; readonly unlistedRunners: number }
  | { readonly kind: "refused"; readonly cause: "unreachable" | "rejected"; readonly what: string }
  /** it could not leave this house: nobody is to blame */
  | { readonly kind: "unsent"; readonly what: string }
  /** it answered, but not with runners: one may be labelled all the same */
  | { readonly kind: "unknown"; readonly word: OpenWord; readonly what: string }
  /** the request left this long ago, and may still be worked on */
  | { readonly kind: "silent"; readonly word: OpenWord; readonly what: string; readonly sinceSentMs: number };

/**
 * From when on a dashboard counts as evidence (`now` of this process's clock), and until when it is
 * waited for.
 */
export interface EvidenceWindow {
  /** for one that was read behind the monitor's barrier */
  readonly after: number;
  /** for one that was not, because the monitor has none */
  readonly afterBlind: number;
  readonly until: number;
}

/** A runner as a dashboard shows it. */
export interface ShownRunner {
  readonly id: string;
  readonly isBusy: boolean;
  /** unique_ids, in lower case */
  readonly reservedFor: readonly string[];
}

export interface Monitors {
  /** Those of MONITORS; a reload may change them. */
  readonly names: readonly string[];
  /** Whether it is one of `names`. */
  knows(monitor: string): boolean;
  /** Whether it fetches its takes: nobody calls it. */
  fetches(monitor: string): boolean;
  take(request: TakeRequest): Promise<TakeOutcome>;
  /**
   * Runners that the monitor shows as reserved for `uniqueId`; "none" if nothing was to be had in
   * time.
   * @param runnerCount how many the job wants: a single one is answered in the shape that this
   * monitor uses
   */
  readEvidence(monitor: string, uniqueId: string, window: EvidenceWindow, runnerCount: number): Promise<Evidence>;
  /** The runners that the monitor shows now; null where it shows none to be read. */
  readRunners(monitor: string): Promise<readonly ShownRunner[] | null>;
}

export type DashboardNews =
  | { readonly kind: "snapshot"; readonly counts: ReadonlyMap<string, ProfileCounts> }
  /** a 503: it is being drawn anew. Neither fresh nor down */
  | { readonly kind: "redrawing" }
  | { readonly kind: "failed" };

/** What came of a take, as counted for its monitor. */
export const takeResults = ["taken", "unreachable", "rejected", "unsent", "unknown", "silent"] as const;
export type TakeResult = (typeof takeResults)[number];
