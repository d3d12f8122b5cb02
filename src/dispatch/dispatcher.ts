// Where the queue acts: claim, ask monitors, settle; reconciler.ts does the looking. Rules are elsewhere, pure; this file does the I/O
// around them and decides nothing about whose turn it is.
//
// A take's request and the work it starts are two things. The request answers within its budget; a claim it started goes on
// without it, until every leg is settled, and the answer waits in the store for the next poll. This process renews the
// claim's lease while it works; should it die, the lease lapses and another instance's sweep continues with the evidence.

import type { Observe } from "../queue/events.ts";
import type { FreedRate } from "../queue/freed-rate.ts";
import { isOpen, type Job, type Ticket } from "../queue/job.ts";
import type { Monitors, PollReply, Store } from "../queue/ports.ts";
import type { Hold } from "../queue/presence.ts";
import { spreadOf } from "../queue/retry-after.ts";
import { claimLeaseMs, type QueueSettings, sendWithinMs, settlePerRunnerMs } from "../queue/settings.ts";
import type { LegOutcome, Settlement, SettleReply } from "../queue/settlement.ts";
import { createHeldTake, noHold } from "./held-take.ts";
import { createReconcile } from "./reconciler.ts";
import { createTimekeeper, waitedMs } from "./timekeeper.ts";
import { settledWithin, type Work } from "./work.ts";

/** Well before the 30 s that the deployed client gives an attempt. */
const replyBudgetMs = 20_000;

export type TakeReply =
  | Exclude<PollReply, { kind: "claimed" } | { kind: "suspect" }>
  /** the claim that this request started goes on without it */
  | {
      readonly kind: "wait";
      readonly reason: "claim_in_flight";
      readonly position: number;
      readonly retryAfterSeconds: number;
      readonly isReadmitted: false;
      readonly runnersBefore: null;
    };

export interface DispatcherSettings extends QueueSettings {
  readonly takeTimeoutMs: number;
}

/** Whom the dispatcher tells that it wants to hear of the fleet. */
export interface FleetNews {
  /** for every poll that has to wait: cheap */
  noteWaiting(): void;
  noteChange(monitor: string): void;
}

export interface Dispatcher {
  /**
   * One request: waits its turn, or claims, asks and answers. With `holdMs` it is held up to so long while there is nothing for it, and polls
   * again whenever it is woken. `clientGone` is only called when there is something to wait for; its signal aborts when the caller hangs up.
   * Throws StoreUnavailable.
   */
  take(ticket: Ticket, clientGone: () => AbortSignal, holdMs?: number): Promise<TakeReply>;
  /** How many requests are held now. */
  heldRequests(): number;
  /** Looks whether anybody who waits here was forgotten: a wake may be lost. */
  wakeWinners(): Promise<void>;
  /** Lets time do its work on one profile, and takes over the claims of instances that died. */
  sweep(profileKey: string): Promise<void>;
  /** How fast runners of a profile came free, when it was last swept. */
  freedRate(profileKey: string): FreedRate;
  /** From now on no request is held: those that are hear how their jobs stand. */
  endHolds(): void;
  /** From now on requests do not wait for the claims they started: those go on, and the answers wait for the next poll. */
  letGo(): void;
  /** Whether a leg of this process is under way, or evidence is looked for. */
  isBusy(): boolean;
  /** Resolves when no leg of this process is under way. */
  idle(): Promise<void>;
}

export function createDispatcher(
  store: Store,
  monitors: Monitors,
  settings: DispatcherSettings,
  owner: string,
  observe: Observe,
  fleetNews: FleetNews,
): Dispatcher {
  let polls = 0;
  const legsUnderWay = new Set<Promise<unknown>>();
  const reconciling = new Set<string>();
  const lettingGo = new AbortController();
  const endingHolds = new AbortController();

  /** One poll and what follows from it. */
  const pollOnce = async (
    ticket: Ticket,
    clientGone: () => AbortSignal,
    answerBy: number,
    { holdMs, holder }: Hold,
  ): Promise<TakeReply> => {
    const spread = spreadOf(ticket.uniqueId);
    for (let round = 0; ; round++) {
      polls += 1;
      const askedAt = performance.now();
      const reply = await store.poll({ ticket, claimId: `${owner}-${polls}`, owner, spread, holdMs, holder });
      if ("isReadmitted" in reply && reply.isReadmitted) observe({ kind: "readmitted", job: ticket });
      if (reply.kind === "suspect") return lookForForgottenClaim(ticket, reply);
      if (reply.kind === "abandoned" && reply.isNew)
        observe({ kind: "abandoned", job: ticket, waitedMs: waitedMs(ticket) });
      if (reply.kind === "wait") fleetNews.noteWaiting();
      if (reply.kind !== "claimed") return reply;
      const work = startWork(ticket, reply.job, askedAt);
      const end = await settledWithin(work, answerBy - performance.now(), [clientGone(), lettingGo.signal]);
      work.isClientPresent = false;
      const mayTryNext = end === "queued" && round < settings.maxAttempts && performance.now() < answerBy;
      if (!mayTryNext && end !== "taken" && end !== "failed") return claimInFlight;
    }
  };

  /** Asks the monitors of a fresh claim. `askedAt`: when the claim was asked for, so that a pause of this process is noticed. */
  const startWork = (ticket: Ticket, job: Job, askedAt: number): Work => {
    const claim = job.claim;
    if (claim === undefined) throw new Error("a claimed job has a claim");
    observe({ kind: "claimed", job: ticket, attempt: job.attempts, legs: claim.legs });
    const work = { isClientPresent: true, done: Promise.resolve<SettleReply["kind"]>("open") };
    const stopRenewing = keepLease(ticket, claim.id, () => work.isClientPresent);
    const legs = claim.legs.map(async ({ monitor, runners }): Promise<SettleReply["kind"]> => {
      const outcome = await sendLeg(ticket, job, monitor, runners, askedAt);
      return await settleSurely(ticket, { claimId: claim.id, legs: [outcome], found: [], clearedFor: null });
    });
    const asking = Promise.all(legs);
    legsUnderWay.add(asking);
    work.done = asking
      .then(async (ends) => {
        const last = ends.find((end) => end !== "open") ?? "open";
        return last === "open" ? await reconcileClaim(ticket, claim.id) : last;
      })
      .finally(stopRenewing);
    asking.finally(() => legsUnderWay.delete(asking)).catch(() => {});
    work.done.catch((error: unknown) => observe({ kind: "trouble", where: "claim", error }));
    return work;
  };

  const sendLeg = async (
    ticket: Ticket,
    job: Job,
    monitor: string,
    runners: number,
    askedAt: number,
  ): Promise<LegOutcome> => {
    const claim = job.claim;
    const legKey = `${ticket.uniqueId}/${job.attempts}/${claim?.id ?? ""}`;
    const takeTimeoutMs = settings.takeTimeoutMs + runners * 1000;
    const slotMs = Math.max(takeTimeoutMs, settings.monitorSettleMs) + sendWithinMs;
    const hasSlot = await store.acquireSlot(monitor, legKey, settings.monitorMaxInflight, slotMs).catch(() => null);
    const begunAt = performance.now();
    const sendBy = askedAt + sendWithinMs;
    if (hasSlot !== true || begunAt > sendBy) {
      // also where the reply was lost: the slot may be ours
      if (hasSlot !== false) store.releaseSlot(monitor, legKey).catch(() => {});
      observe({ kind: "leg", job: ticket, monitor, outcome: hasSlot ? "too_late_to_send" : "monitor_busy", tookMs: 0 });
      return { monitor, state: "refused", cause: "unsent" };
    }
    const notAfter = Math.round(Date.now() + sendBy - begunAt);
    const outcome = await monitors.take({ monitor, ticket, runners, idempotencyKey: legKey, notAfter, sendBy });
    const tookMs = Math.round(performance.now() - begunAt);
    // A silent monitor may still work on it: its place is kept until it cannot.
    if (outcome.kind !== "silent") store.releaseSlot(monitor, legKey).catch(() => {});
    store.noteTake(monitor, outcome.kind === "refused" ? outcome.cause : outcome.kind).catch(() => {});
    // Its runners are others now, and whoever is next wants to know.
    if (outcome.kind === "taken") fleetNews.noteChange(monitor);
    observe({
      kind: "leg",
      job: ticket,
      monitor,
      outcome: "what" in outcome ? outcome.what : outcome.kind,
      tookMs,
    });
    switch (outcome.kind) {
      case "taken":
        return { monitor, state: "taken", runners: outcome.runners };
      case "refused":
        if (outcome.cause === "rejected") observe({ kind: "rejected_by_monitor", monitor });
        return { monitor, state: "refused", cause: outcome.cause };
      case "unsent":
        return { monitor, state: "refused", cause: "unsent" };
      case "unknown":
        return { monitor, state: "unknown", evidenceInMs: 0 };
      case "silent": {
        const settleMs = settings.monitorSettleMs + (runners - 1) * settlePerRunnerMs;
        return { monitor, state: "unknown", evidenceInMs: Math.max(0, Math.ceil(settleMs - outcome.sinceSentMs)) };
      }
    }
  };

  /** Settles, and does not give up while the store is away: what a monitor gave is never thrown away. */
  const settleSurely = async (ticket: Ticket, settlement: Settlement): Promise<SettleReply["kind"]> => {
    const giveUpAt = performance.now() + settings.unknownHoldMs;
    for (;;) {
      try {
        const reply = await store.settle(ticket, settlement);
        if (reply.leaked.length > 0) {
          observe({ kind: "leaked", profileKey: ticket.profileKey, uniqueId: ticket.uniqueId, runners: reply.leaked });
        }
        if (reply.kind === "taken" || reply.kind === "failed") {
          observe({ kind: reply.kind, job: ticket, waitedMs: waitedMs(ticket) });
        }
        return reply.kind;
      } catch (error) {
        observe({ kind: "trouble", where: "settle", error });
        if (performance.now() > giveUpAt) throw error;
        await delay(250);
      }
    }
  };

  const reconcile = createReconcile(monitors, settings, settleSurely, observe);

  /** Settles by evidence what the replies to a claim left open. */
  const reconcileClaim = async (ticket: Ticket, claimId: string): Promise<SettleReply["kind"]> => {
    const state = await store.inspect(ticket.profileKey, ticket.uniqueId);
    const isMine = state.kind === "job" && state.job.claim?.id === claimId && state.job.claim.legs.some(isOpen);
    return isMine ? await reconcile(ticket, state.job, state.now, null) : "over";
  };

  /** Keeps a claim ours while we work on it. Returns the function that stops it. */
  const keepLease = (ticket: Ticket, claimId: string, isClientPresent: () => boolean): (() => void) => {
    const timer = setInterval(() => {
      store.renew(ticket, claimId, owner, isClientPresent()).catch(() => {});
    }, claimLeaseMs / 4);
    return () => clearInterval(timer);
  };

  /** The store may have forgotten a claim of this job: look for its runner, once per process at a time, while the client waits. */
  const lookForForgottenClaim = (ticket: Ticket, reply: Extract<PollReply, { kind: "suspect" }>): TakeReply => {
    const { job, lostAt, now, position, retryAfterSeconds, isReadmitted } = reply;
    inBackground(`${ticket.uniqueId}@${lostAt}`, () => reconcile(ticket, job, now, lostAt));
    return { kind: "wait", reason: "reconciling", position, retryAfterSeconds, isReadmitted, runnersBefore: null };
  };

  const inBackground = (key: string, work: () => Promise<unknown>): void => {
    if (reconciling.has(key)) return;
    reconciling.add(key);
    work()
      .catch((error: unknown) => observe({ kind: "trouble", where: "reconcile", error }))
      .finally(() => reconciling.delete(key));
  };

  const { sweep, freedRate } = createTimekeeper(store, owner, observe, (ticket, job, now, lostAt) => {
    inBackground(job.claim?.id ?? "", async () => {
      const stopRenewing = keepLease(ticket, job.claim?.id ?? "", () => false);
      await reconcile(ticket, job, now, lostAt).finally(stopRenewing);
    });
  });

  const held = createHeldTake(store, owner, pollOnce, endingHolds.signal);
  return {
    take: async (ticket, clientGone, holdMs = 0) => {
      const answerBy = performance.now() + Math.max(replyBudgetMs, holdMs);
      if (holdMs <= 0) return await pollOnce(ticket, clientGone, answerBy, noHold);
      return await held.take(ticket, clientGone(), answerBy, performance.now() + holdMs);
    },
    wakeWinners: async () => {
      // a monitor may have gone to rest while they wait
      if (held.count() > 0) fleetNews.noteWaiting();
      await held.wakeWinners();
    },
    sweep,
    freedRate,
    heldRequests: held.count,
    endHolds: () => endingHolds.abort(),
    letGo: () => lettingGo.abort(),
    isBusy: () => legsUnderWay.size > 0 || reconciling.size > 0,
    idle: async () => {
      while (legsUnderWay.size > 0) await Promise.allSettled([...legsUnderWay]);
    },
  };
}

const claimInFlight: TakeReply = {
  kind: "wait",
  reason: "claim_in_flight",
  position: 1,
  retryAfterSeconds: 1,
  isReadmitted: false,
  runnersBefore: null,
};

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
