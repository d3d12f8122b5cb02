// What happened, in words that logs and metrics are made of.
import type { JobRequest, Ticket } from "./job.ts";

/** What happened, for logs and metrics. Never holds a ticket, a token or a monitor's body. */
export type QueueEvent =
  | { readonly kind: "enqueued" | "readmitted"; readonly job: Ticket }
  | { readonly kind: "cancelled"; readonly job: Ticket; readonly waitedMs: number; readonly by: "owner" | "operator" }
  | {
      readonly kind: "drained" | "resumed" | "paused" | "unpaused";
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
      readonly legs: readonly { readonly monitor: string; readonly runners: number }[];
    }
  | {
      readonly kind: "leg";
      readonly job: Ticket;
      readonly monitor: string;
      readonly outcome: string;
      readonly tookMs: number;
    }
  | { readonly kind: "taken"; readonly job: Ticket; readonly waitedMs: number }
  | { readonly kind: "failed"; readonly job: Ticket; readonly waitedMs: number }
  | { readonly kind: "abandoned"; readonly job: Ticket; readonly waitedMs: number }
  | { readonly kind: "reconciled"; readonly job: Ticket; readonly monitor: string; readonly verdict: string }
  | {
      readonly kind: "leaked";
      readonly profileKey: string;
      readonly uniqueId: string | null;
      readonly runners: readonly string[];
    }
  | { readonly kind: "rejected_by_monitor"; readonly monitor: string }
  | {
      readonly kind: "monitor_up" | "monitor_down";
      readonly monitor: string;
      readonly url: string;
      readonly why: string;
    }
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
  | { readonly kind: "store_up" }
  | { readonly kind: "store_down"; readonly why: string }
  | { readonly kind: "trouble"; readonly where: string; readonly error: unknown };

export type Observe = (event: QueueEvent) => void;
