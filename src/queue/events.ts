// What happened, in words that logs and metrics are made of. Every word is of a closed list;
// `detail` and `why` are for people to read, and nobody takes them apart. Never holds a ticket, a
// token or a monitor's body.

import type { AdmissionRefusal } from "./admission.ts";
import { type DashboardNews, type OpenWord, openWords } from "./fleet/monitors.ts";
import type { Job, JobRequest, Ticket } from "./job/job.ts";
import type { SettleReply } from "./job/settlement.ts";
import type { WaitReason } from "./line/turn.ts";
import type { EnqueueReply } from "./operations/enqueue.ts";
import type { PollReply } from "./operations/poll.ts";
import { hearOutcomes } from "./operations/word/hear-github.ts";

/** What came of a leg. */
export const legWords = [
  "taken",
  /** certainly nothing reserved: never reached, or our token or route rejected */
  "refused",
  ...openWords,
  /** four that never left this house */
  "unsent",
  "monitor_busy",
  "monitor_drained",
  "too_late_to_send",
] as const satisfies readonly (OpenWord | string)[];
export type LegWord = (typeof legWords)[number];

export const verdicts = ["taken", "refused", "found_elsewhere"] as const;
export type Verdict = (typeof verdicts)[number];

export const troublePlaces = [
  "http",
  "store",
  "poller",
  "sweeper",
  "claim",
  "settle",
  "reconcile",
  "artifact",
  "mark",
  "limits",
  "attend",
  "start_watch",
  "github",
] as const;
export type TroublePlace = (typeof troublePlaces)[number];

export type EnqueueOutcome = Exclude<EnqueueReply["kind"], "booking_too_old"> | AdmissionRefusal | "repeated";
export type PollOutcome =
  | WaitReason
  | Exclude<PollReply["kind"], "wait" | "suspect" | "unbooked" | "later_generation">
  | "replayed";

/** What came of a delivery of GitHub's webhook. */
export const deliveryOutcomes = [
  ...hearOutcomes,
  "unknown_profile",
  /** its unique_id is being settled: asked again it would be heard */
  "settling",
  /** no label names a job of ours */
  "other_job",
  "other_repository",
  "other_event",
  "signature_missing",
  "signature_wrong",
  "malformed",
  "too_large",
  "store_away",
] as const;
export type DeliveryOutcome = (typeof deliveryOutcomes)[number];

/** What came of asking GitHub's API about a run. */
export const questionOutcomes = ["answered", "unchanged", "not_visible", "sparing", "trouble"] as const;
export type QuestionOutcome = (typeof questionOutcomes)[number];

/** What came of a fetch of a monitor. */
export const fetchOutcomes = ["offered", "empty", "superseded", "in_flight"] as const;
export type FetchOutcome = (typeof fetchOutcomes)[number];

export type CancelledBy = "owner" | "operator" | "github";

export type QueueEvent =
  | { readonly kind: "enqueued" | "readmitted"; readonly job: Ticket }
  | { readonly kind: "enqueue_answered"; readonly profileKey: string; readonly outcome: EnqueueOutcome }
  | { readonly kind: "poll_answered"; readonly outcome: PollOutcome }
  | { readonly kind: "settled"; readonly outcome: SettleReply["kind"] }
  | { readonly kind: "cancelled"; readonly job: Ticket; readonly waitedMs: number; readonly by: CancelledBy }
  | { readonly kind: "expedited"; readonly job: Ticket; readonly by: string; readonly note: string }
  /** GitHub waits for runners of a job that was served before */
  | { readonly kind: "rerun"; readonly job: Ticket; readonly generation: number }
  | {
      readonly kind: "drained" | "resumed" | "paused" | "unpaused" | "forgot_monitor" | "forgot_profile";
      /** a monitor's name, or a profile's key */
      readonly what: string;
      readonly by: string;
      readonly note: string;
      readonly until: number | null;
    }
  | {
      readonly kind: "claimed";
      readonly job: Ticket;
      readonly attempt: number;
      /** of its enqueue's caller, as it was written; absent: none, or traces are off */
      readonly traceParent?: string | undefined;
      readonly legs: readonly { readonly monitor: string; readonly runners: number }[];
    }
  | {
      readonly kind: "leg";
      readonly job: Ticket;
      readonly monitor: string;
      readonly outcome: LegWord;
      readonly detail: string;
      readonly tookMs: number;
    }
  | { readonly kind: "taken" | "failed" | "abandoned"; readonly job: Ticket; readonly waitedMs: number }
  | { readonly kind: "reconciled"; readonly job: Ticket; readonly monitor: string; readonly verdict: Verdict }
  | {
      readonly kind: "leaked";
      readonly profileKey: string;
      readonly uniqueId: string | null;
      readonly runners: readonly string[];
      /** more that nobody names */
      readonly unlistedRunners?: number;
    }
  /** runners that are reserved for this job and for others: no evidence */
  | { readonly kind: "ambiguous_reservation"; readonly job: Ticket; readonly monitor: string; readonly runners: number }
  | { readonly kind: "rejected_by_monitor"; readonly monitor: string }
  | {
      readonly kind: "monitor_polled";
      readonly monitor: string;
      readonly outcome: DashboardNews["kind"];
      readonly tookMs: number;
    }
  | {
      readonly kind: "monitor_up" | "monitor_down";
      readonly monitor: string;
      readonly url: string;
      readonly why: string;
    }
  | { readonly kind: "fetched"; readonly monitor: string; readonly outcome: FetchOutcome }
  /** whoever collects traces cannot be reached, or can again: spans wait, and are lost in the end */
  | { readonly kind: "collector_away" | "collector_back"; readonly why: string }
  /** a monitor that nobody asks any more is no part of the fleet */
  | { readonly kind: "monitor_forgotten"; readonly monitor: string }
  /** a job's turn has come at monitors that this instance does not know */
  | { readonly kind: "monitor_not_ours"; readonly monitor: string }
  /**
   * nobody could be heard for a while, or (negative) the clock was set back: everybody has their
   * time anew
   */
  | { readonly kind: "interrupted"; readonly silentMs: number }
  /** all who wait fell silent together: the way to us is broken, and nobody is abandoned */
  | { readonly kind: "all_silent"; readonly profileKey: string; readonly jobs: number }
  /** what is left of GitHub's hourly budget; `resetAt` in ms since 1970 */
  | {
      readonly kind: "github_budget";
      readonly account: string;
      readonly limit: number;
      readonly remaining: number;
      readonly resetAt: number;
    }
  | { readonly kind: "github_trouble"; readonly why: string }
  | { readonly kind: "rejected_by_github"; readonly status: number }
  | {
      readonly kind: "proof_refused";
      readonly code: string;
      readonly request: Omit<JobRequest, "profileKey" | "runnerCount">;
    }
  /** its job runs on the runner that was reserved for it */
  | { readonly kind: "started"; readonly job: Ticket; readonly tookMs: number }
  /** its runners are gone, or do nothing, and GitHub waits for them. `runners`: `monitor/id` */
  | {
      readonly kind: "start_lost";
      readonly job: Ticket;
      readonly runners: readonly string[];
      readonly isServedAgain: boolean;
    }
  /** GitHub needed them no more before they were used */
  | { readonly kind: "reservation_unused"; readonly job: Ticket; readonly runners: readonly string[] }
  | { readonly kind: "github_delivery"; readonly outcome: DeliveryOutcome }
  | { readonly kind: "github_asked"; readonly outcome: QuestionOutcome }
  | { readonly kind: "store_up" }
  | { readonly kind: "store_down"; readonly why: string }
  | { readonly kind: "trouble"; readonly where: TroublePlace; readonly profileKey?: string; readonly error: unknown };

export type Observe = (event: QueueEvent) => void;

/** How long a job has waited by `now`, ms. */
export function waitedMs({ place }: Pick<Job, "place">, now: number): number {
  return Math.max(0, now - Math.floor(place / 1000));
}
