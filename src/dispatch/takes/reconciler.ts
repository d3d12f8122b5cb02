// Acts where a leg's outcome is unknown: looks for evidence at the monitors and settles by what it
// shows. It only reads there, so that two instances doing it for one job do no harm.
import type { Clock } from "../../clock.ts";
import type { Observe } from "../../queue/events.ts";
import type { Monitors } from "../../queue/fleet/monitors.ts";
import { decideByEvidence, type Evidence, planEvidence } from "../../queue/job/evidence.ts";
import type { Job, Ticket } from "../../queue/job/job.ts";
import type { Settlement, SettleReply } from "../../queue/job/settlement.ts";
import type { QueueSettings } from "../../queue/settings.ts";

export type Settle = (ticket: Ticket, settlement: Settlement) => Promise<SettleReply>;

/**
 * Settles the open legs of `job`, or clears it where the store may have forgotten a claim
 * (`lostAt`: when, else null).
 * @param now the store's clock (ms) when `job` was read
 */
export type Reconcile = (ticket: Ticket, job: Job, now: number, lostAt: number | null) => Promise<SettleReply>;

const stillOpen: SettleReply = { kind: "open" };

export function createReconcile(
  monitors: Monitors,
  settings: QueueSettings,
  settle: Settle,
  observe: Observe,
  clock: Clock,
): Reconcile {
  return async function reconcile(ticket, job, now, lostAt) {
    const origin = clock.now() - now;
    const needs = planEvidence(job, monitors.names, lostAt, now, settings, monitors.fetches);
    const evidence = new Map<string, Evidence>();
    let early: { readonly seen: number; readonly end: Promise<SettleReply> } | undefined;
    const decide = (): void => {
      const settlement = early === undefined ? decideByEvidence(job, needs, evidence, lostAt) : null;
      if (settlement === null) return;
      for (const { monitor, state } of settlement.legs) {
        observe({ kind: "reconciled", job: ticket, monitor, verdict: state === "taken" ? "taken" : "refused" });
      }
      for (const { monitor } of settlement.found) {
        observe({ kind: "reconciled", job: ticket, monitor, verdict: "found_elsewhere" });
      }
      early = { seen: evidence.size, end: settle(ticket, settlement) };
      early.end.catch(() => {}); // awaited below, perhaps much later
    };

    decide();
    const reads = needs.map(async ({ monitor, after, afterBlind, until }) => {
      const window = { after: origin + after, afterBlind: origin + afterBlind, until: origin + until };
      const read = await monitors.readEvidence(monitor, ticket.uniqueId, window, ticket.runnerCount);
      if (read.kind === "seen" && read.ambiguous.length > 0) {
        observe({ kind: "ambiguous_reservation", job: ticket, monitor, runners: read.ambiguous.length });
      }
      evidence.set(monitor, read);
      decide();
    });
    await Promise.all(reads);
    if (early === undefined) return stillOpen;
    const end = await early.end;
    // What was seen after enough had been found is reserved for nobody: told to the store, it comes
    // back as leaked.
    const all = early.seen < evidence.size ? decideByEvidence(job, needs, evidence, lostAt) : null;
    if (all !== null) await settle(ticket, all);
    return end;
  };
}
