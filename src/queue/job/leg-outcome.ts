// What came of asking one monitor, as far as it can be known.
import type { HeldRunner } from "./job.ts";

/**
 * Why a leg ended without runners. Only "not_reserved" may count against the job. "unsent" never
 * left this house; "undecided" was no longer waited for, because the job had all it needed: nobody
 * is to blame for these two.
 */
export const refusalCauses = ["unreachable", "rejected", "not_reserved", "no_evidence", "unsent", "undecided"] as const;
export type RefusalCause = (typeof refusalCauses)[number];

export type LegOutcome =
  | { readonly monitor: string; readonly state: "taken"; readonly runners: readonly HeldRunner[] }
  | {
      readonly monitor: string;
      readonly state: "refused";
      readonly cause: RefusalCause;
      /** the monitor's own, or the connection's */
      readonly words?: string;
    }
  | {
      readonly monitor: string;
      readonly state: "unknown";
      /**
       * ms from now until evidence counts: 0 where the monitor answered, MONITOR_SETTLE after
       * sending where it stayed silent
       */
      readonly evidenceInMs: number;
      readonly words?: string;
    };
