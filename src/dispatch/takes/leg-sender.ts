// Sends one leg of a claim to its monitor, and says what came of it. It leaves within 2 s of its
// claim or not at all, and only from one of the monitor's places, so that no more takes are at work
// there than it can bear.
import type { Clock } from "../../clock.ts";
import type { LegWord, Observe } from "../../queue/events.ts";
import type { Monitors, TakeOutcome, TakeResult } from "../../queue/fleet/monitors.ts";
import type { Claim, Job, Ticket } from "../../queue/job/job.ts";
import type { LegOutcome } from "../../queue/job/leg-outcome.ts";
import { type QueueSettings, sendWithinMs, settlePerRunnerMs } from "../../queue/settings.ts";
import type { Store } from "../../queue/store.ts";

export interface LegSenderDeps {
  readonly store: Pick<Store, "takePlace" | "freePlace">;
  readonly monitors: Monitors;
  readonly settings: QueueSettings & { readonly takeTimeoutMs: number };
  readonly observe: Observe;
  readonly clock: Clock;
  /** so many of its runners of this profile are reserved now */
  readonly noteTaken: (monitor: string, profileKey: string, runners: number) => void;
}

/**
 * @param askedAt the clock's `now` when the claim was asked for, so that a pause of this process is
 * noticed
 */
export type SendLeg = (
  ticket: Ticket,
  job: Job & { claim: Claim },
  leg: { readonly monitor: string; readonly runners: number },
  askedAt: number,
) => Promise<LegOutcome>;

export function createLegSender({ store, monitors, settings, observe, clock, noteTaken }: LegSenderDeps): SendLeg {
  /** A place that is not given back frees itself; nobody waits for that. */
  const freePlace = (monitor: string, key: string, result: TakeResult | null): void => {
    Promise.resolve(store.freePlace(monitor, key, result)).catch(() => {});
  };
  return async function sendLeg(ticket, job, { monitor, runners }, askedAt) {
    const key = `${ticket.uniqueId}/${job.attempts}/${job.claim.id}`;
    const takeTimeoutMs = settings.takeTimeoutMs + runners * 1000;
    const placeMs = Math.max(takeTimeoutMs, settings.monitorSettleMs) + sendWithinMs;
    const note = (outcome: LegWord, detail: string, tookMs: number) =>
      observe({ kind: "leg", job: ticket, monitor, outcome, detail, tookMs });
    const place = await Promise.resolve(store.takePlace(monitor, key, settings.monitorMaxInflight, placeMs)).catch(
      () => "unknown" as const,
    );
    const begunAt = clock.now();
    const sendBy = askedAt + sendWithinMs;
    if (place !== "taken" || begunAt > sendBy) {
      // also where the reply was lost: the place may be ours
      if (place === "taken" || place === "unknown") freePlace(monitor, key, null);
      const words = {
        taken: "too_late_to_send",
        unknown: "too_late_to_send",
        full: "monitor_busy",
        fenced: "monitor_drained",
      } as const;
      note(words[place], place, 0);
      return { monitor, state: "refused", cause: "unsent", words: words[place] };
    }
    const notAfter = Math.round(clock.date() + sendBy - begunAt);
    const outcome = await monitors.take({ monitor, ticket, runners, idempotencyKey: key, notAfter, sendBy });
    // a silent monitor may still work on it: it is counted, and its place is kept until it cannot
    freePlace(monitor, outcome.kind === "silent" ? "" : key, resultOf(outcome));
    if (outcome.kind === "taken") {
      noteTaken(monitor, ticket.profileKey, runners);
      const { unlistedRunners } = outcome;
      const { profileKey, uniqueId } = ticket;
      if (unlistedRunners > 0) observe({ kind: "leaked", profileKey, uniqueId, runners: [], unlistedRunners });
    }
    const tookMs = clock.now() - begunAt;
    note(wordOf(outcome), "what" in outcome ? outcome.what : outcome.kind, Math.round(tookMs));
    if (outcome.kind === "refused" && outcome.cause === "rejected") observe({ kind: "rejected_by_monitor", monitor });
    return outcomeOf(monitor, runners, outcome, tookMs, settings);
  };
}

function resultOf(outcome: TakeOutcome): TakeResult {
  return outcome.kind === "refused" ? outcome.cause : outcome.kind;
}

function wordOf(outcome: TakeOutcome): LegWord {
  switch (outcome.kind) {
    case "taken":
    case "unsent":
      return outcome.kind;
    case "refused":
      return "refused";
    case "unknown":
    case "silent":
      return outcome.word;
  }
}

/**
 * A monitor waits so long for its own thread, ms, and then tells its caller an error; the thread
 * works on, and a dashboard that is read meanwhile shows what was before.
 */
const lateErrorMs = 9_500;

/** What it means for the claim. */
function outcomeOf(
  monitor: string,
  runners: number,
  outcome: TakeOutcome,
  tookMs: number,
  { monitorSettleMs }: Pick<QueueSettings, "monitorSettleMs">,
): LegOutcome {
  const settledIn = (sinceSentMs: number): number =>
    Math.max(0, Math.ceil(monitorSettleMs + (runners - 1) * settlePerRunnerMs - sinceSentMs));
  switch (outcome.kind) {
    case "taken":
      return { monitor, state: "taken", runners: outcome.runners };
    case "refused":
      return { monitor, state: "refused", cause: outcome.cause, words: outcome.what };
    case "unsent":
      return { monitor, state: "refused", cause: "unsent", words: outcome.what };
    case "unknown": {
      const mayWorkOn = outcome.word === "status_5xx" && tookMs >= lateErrorMs;
      return { monitor, state: "unknown", evidenceInMs: mayWorkOn ? settledIn(tookMs) : 0, words: outcome.what };
    }
    case "silent":
      return { monitor, state: "unknown", evidenceInMs: settledIn(outcome.sinceSentMs), words: outcome.what };
  }
}
